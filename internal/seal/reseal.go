package seal

// Reseal returns what was sealed for the purpose sealed under the secret of
// today, and whether it was under an earlier one until now; or ErrOpen.
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
