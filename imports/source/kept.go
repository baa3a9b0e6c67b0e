package source

import "github.com/latchkey/latchkey/errs"

// maxKept bounds what readers keep of other tables, in bytes: owners, permissions and
// plans that keys refer to. It is enough for about three million of them.
const maxKept = 512 << 20

// entryCost is what an entry of a map costs beside its text.
const entryCost = 160

// kept counts what a reader keeps.
type kept struct{ bytes int }

// add counts an entry with the texts. Past the bound it returns errs.Invalid, which ends
// the import: rows without what they refer to would be wrong.
func (k *kept) add(texts ...string) error {
	k.bytes += entryCost
	for _, t := range texts {
		k.bytes += len(t)
	}
	if k.bytes > maxKept {
		return errs.New(errs.Invalid, "import_too_much_kept", "most", maxKept>>20)
	}
	return nil
}
