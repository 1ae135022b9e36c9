package charging

// Recount makes up anew the energy in Wh of a transaction that is finished: of what its station declared for the
// beginning and the end, and of the samples that are kept. What came when it was finished already is left out, as
// far as that can be told.
func (t *Transaction) Recount(samples []Sample) int64 {
	m := Meter{Begin: t.Meter.Begin, End: t.Meter.End}
	if t.Meter.First != nil {
		for _, r := range readings(samples) {
			if !r.At.Before(t.Meter.First.At) && !r.At.After(t.Meter.Last.At) {
				m.take(r.Reading)
			}
		}
	}
	wh, _ := m.final(t.EndedAt.Sub(t.StartedAt), 0)
	return wh
}
