package share

// Divide divides. Its error is that of [Problem.Check] without what only limits make impossible: a limit
// may be too low for a while.
func Divide(p *Problem) (*Division, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return nil, nil
}
