package remedy

import (
	"context"
	"encoding/json"
	"slices"

	"gnista"
	"gnista/fault"
)

// All lists the ladders that hold: the operator's own, and where there are none those that come with the system.
func (m *Remedies) All(ctx context.Context) ([]Ladder, error) {
	own, err := m.Store.RemedyLadders(ctx)
	if err != nil {
		return nil, err
	}
	list := slices.Clone(m.BuiltIn)
	for i := range list {
		if n := slices.IndexFunc(own, func(l Ladder) bool { return l.Class == list[i].Class }); n >= 0 {
			list[i] = own[n]
		}
	}
	return list, nil
}

// Ladder is the one that holds for a class. NotFound.
func (m *Remedies) Ladder(ctx context.Context, class fault.Class) (Ladder, error) {
	list, err := m.All(ctx)
	if err != nil {
		return Ladder{}, err
	}
	i := slices.IndexFunc(list, func(l Ladder) bool { return l.Class == class })
	if i < 0 {
		return Ladder{}, gnista.Errorf(gnista.NotFound, "there is no ladder of the class %q", class)
	}
	return list[i], nil
}

// SetLadder has a class climb the operator's own ladder from now on. Runs that have begun keep theirs. Invalid.
func (m *Remedies) SetLadder(ctx context.Context, l Ladder) (Ladder, error) {
	if err := l.Check(); err != nil {
		return l, err
	}
	l.Own, l.UpdatedAt = true, m.Now()
	return l, m.Store.SetRemedyLadder(ctx, l, m.changed(ladderKind, map[string]any{"class": l.Class}))
}

// DeleteLadder has a class climb the ladder that comes with the system again. NotFound.
func (m *Remedies) DeleteLadder(ctx context.Context, class fault.Class) error {
	return m.Store.DeleteRemedyLadder(ctx, class, m.changed(ladderKind, map[string]any{"class": class}))
}

// SetModes says where remedies are tried from now on. Runs that rules began follow. Invalid.
func (m *Remedies) SetModes(ctx context.Context, x Modes) (Modes, error) {
	if err := x.Check(); err != nil {
		return x, err
	}
	err := m.Store.SetRemedyModes(ctx, x, m.changed(modesKind, map[string]any{"default": x.Default}))
	m.rousing()
	return x, err
}

func (m *Remedies) changed(kind string, data map[string]any) gnista.Event {
	text, _ := json.Marshal(data) // of texts
	return gnista.Event{At: m.Now(), Kind: kind, Data: text}
}
