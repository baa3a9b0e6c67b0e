package client

import (
	"errors"
	"iter"
)

// Page selects a part of a list.
type Page struct {
	Limit  int    // of objects, at most 200; 0 for the service's default
	Cursor string // NextCursor of the previous List; "" for the first page
}

func (p Page) query() query { return query{}.whole("limit", p.Limit).text("cursor", p.Cursor) }

// mostPerPage is the largest page that the service returns.
const mostPerPage = 200

// walk yields all objects of a list, page by page. It stops at an error.
func walk[T any](page Page, list func(Page) (List[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		at := page
		if at.Limit == 0 {
			at.Limit = mostPerPage
		}
		seen, next := at.Cursor, 2 // an earlier cursor, and the page number at which to replace it
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
			if pages == next { // finds a loop of any length while keeping a single cursor
				seen, next = at.Cursor, 2*next
			}
		}
	}
}

// items returns the items of a list without pages.
func items[T any](list List[T], err error) ([]T, error) { return list.Items, err }
