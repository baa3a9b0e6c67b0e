package verify

import (
	"reflect"
	"testing"
)

// A full cache holds very many facts: see docs/decisions/0019.
func TestAFactHoldsNoPointer(t *testing.T) {
	t.Parallel()
	var look func(where string, of reflect.Type)
	look = func(where string, of reflect.Type) {
		switch of.Kind() {
		case reflect.Struct:
			for i := range of.NumField() {
				look(where+"."+of.Field(i).Name, of.Field(i).Type)
			}
		case reflect.Array:
			look(where+"[]", of.Elem())
		case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Slice, reflect.String, reflect.Interface, reflect.Func, reflect.Chan:
			t.Errorf("%s is a %s", where, of.Kind())
		default:
		}
	}
	look("fact", reflect.TypeFor[fact]())
}

// One byte more would take 32 for each cached key.
func TestAFactFitsItsSizeClass(t *testing.T) {
	t.Parallel()
	if size := reflect.TypeFor[fact]().Size(); size > factSize {
		t.Errorf("a fact has %d bytes", size)
	}
}
