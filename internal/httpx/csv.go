package httpx

import "strings"

// CSVCell keeps a spreadsheet from reading a cell as a formula.
func CSVCell(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
