package client

import (
	"errors"
	"iter"
)

// Page says which part of a list is wanted.
type Page struct {
	Limit  int    // of objects, at most 200; 0 for the service's default
	Cursor string // List.NextCursor of the page before; "" for the first
}

func (p Page) query() query { return query{}.whole("limit", p.Limit).text("cursor", p.Cursor) }

// mostPerPage is how many objects the service gives at once.
const mostPerPage = 200

// walk yields all objects of a list, page after page. After an error it ends.
func walk[T any](page Page, list func(Page) (List[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		at := page
		if at.Limit == 0 {
			at.Limit = mostPerPage
		}
		seen, next := at.Cursor, 2 // a cursor of before, and the page that takes its place
		for pages := 1; ; pages++ {
			got, err := list(at)
			if err != nil {
				yield(zero, err)
				return
			}
			for _, item := range got.Items {
				if !yield(item, nil) {
					return
				}
			}
			switch {
			case got.NextCursor == nil:
				return
			case *got.NextCursor == at.Cursor || *got.NextCursor == seen || *got.NextCursor == "":
				yield(zero, &Error{Kind: BadAnswer, Err: errors.New("the list does not go on")})
				return
			}
			at.Cursor = *got.NextCursor
			if pages == next { // so every circle is found, however long, at the price of one cursor
				seen, next = at.Cursor, 2*next
			}
		}
	}
}

// items sends the request for a list without pages.
func items[T any](list List[T], err error) ([]T, error) { return list.Items, err }
