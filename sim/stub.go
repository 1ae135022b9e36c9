package sim

const tariffElements = 10

func (s *Station) shown() int { return 0 }
