package commission

func (p *pace) settings() error                { return nil }
func (p *pace) write() error                   { return nil }
func (p *pace) setting(names ...string) string { return "" }
