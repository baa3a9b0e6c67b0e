package seal

// Reseal reseals under the current secret what was sealed for the purpose, and reports
// whether it was sealed under an earlier one. The error is ErrOpen if it cannot be
// opened.
func (s *Sealer) Reseal(purpose string, sealed []byte) (again []byte, changed bool, err error) {
	if _, err := s.open(s.secret, purpose, sealed); err == nil {
		return sealed, false, nil
	}
	text, err := s.Open(purpose, sealed)
	if err != nil {
		return nil, false, err
	}
	again, err = s.Seal(purpose, text)
	return again, err == nil, err
}
