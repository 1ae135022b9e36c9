package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/fault"
)

// faultTexts are what is said of a fault in one language.
type faultTexts struct {
	Name       string `json:"name,omitempty" maxLength:"80" doc:"In a few words, for lists" example:"Plug does not lock"`
	Driver     string `json:"driver,omitempty" maxLength:"800" doc:"What happened and what to do, for a driver at the outlet"`
	Operator   string `json:"operator,omitempty" maxLength:"800" doc:"What it means, what to try from afar, and when to send somebody"`
	Technician string `json:"technician,omitempty" maxLength:"800" doc:"What to look at on the spot"`
}

type faultLanguages struct {
	Swedish faultTexts `json:"sv,omitempty"`
	English faultTexts `json:"en,omitempty"`
}

func showFaultTexts(texts map[fault.Language]fault.Texts) faultLanguages {
	return faultLanguages{faultTexts(texts[fault.Swedish]), faultTexts(texts[fault.English])}
}

type meaningView struct {
	Key        string         `json:"key" doc:"Source and code" example:"mrec/CX001"`
	Source     string         `json:"source" doc:"A version of OCPP, a public list of codes, gnista for what is found here, or a vendor's id"`
	Code       string         `json:"code"`
	Severity   fault.Severity `json:"severity" enum:"critical,high,medium,low,info"`
	Fixer      fault.Fixer    `json:"fixer" enum:"driver,operator,technician,grid,vehicle" doc:"Who can put it right"`
	Usable     bool           `json:"usable" doc:"Whether a car may be charged there while it is open"`
	Retry      bool           `json:"retry" doc:"Whether to try again is safe"`
	Remedy     fault.Class    `json:"remedy,omitempty" doc:"What can be done about it: the id of a ladder of remedies"`
	Momentary  bool           `json:"momentary" doc:"It is told of when it happens, and nobody says that it is over"`
	NoFault    bool           `json:"noFault" doc:"Nothing is wrong: no fault is opened for it"`
	Value      string         `json:"value,omitempty" doc:"Of a variable of OCPP 2.x: which of true and false is the fault"`
	Texts      faultLanguages `json:"texts" doc:"With {placeholders} for the facts of a fault; what is in [[double brackets]] is left out where a fact is missing. Plain text: escape it where it is shown as HTML"`
	Like       string         `json:"like,omitempty" doc:"Key of the entry whose texts and attributes it has where it says nothing else"`
	Overridden bool           `json:"overridden" doc:"An operator has added or changed it"`
	Override   *overrideView  `json:"override,omitempty" doc:"What an operator says; in the answer for one entry only"`
}

func showMeaning(e fault.Entry) meaningView {
	v := meaningView{
		e.Key.String(), e.Key.Source, e.Key.Code, e.Severity, e.Fixer, e.Usable, e.Retry, e.Remedy, e.Momentary, e.NoFault, e.Value, showFaultTexts(e.Texts), "", e.Overridden, nil,
	}
	if e.Like != (fault.Key{}) {
		v.Like = e.Like.String()
	}
	return v
}

// MeaningChange is what an operator says of an entry of the catalogue of faults.
type MeaningChange struct {
	Like      string         `json:"like,omitempty" maxLength:"200" example:"ocpp1.6/ConnectorLockFailure" doc:"Key of the entry whose texts and attributes it has where this says nothing else"`
	Severity  fault.Severity `json:"severity,omitempty" enum:"critical,high,medium,low,info"`
	Fixer     fault.Fixer    `json:"fixer,omitempty" enum:"driver,operator,technician,grid,vehicle"`
	Usable    *bool          `json:"usable,omitempty"`
	Retry     *bool          `json:"retry,omitempty"`
	Remedy    *fault.Class   `json:"remedy,omitempty" enum:",reseat,unlock,restart,reconnect,cool-down,lower-power,retry,set-clock,take-out,renew-certificate,technician" doc:"Empty is none"`
	Momentary *bool          `json:"momentary,omitempty"`
	NoFault   *bool          `json:"noFault,omitempty"`
	Value     *string        `json:"value,omitempty" enum:",true,false"`
	Texts     faultLanguages `json:"texts,omitempty"`
}

// meaningPut is a MeaningChange with who says so.
type meaningPut struct {
	By string `json:"by,omitempty" maxLength:"100" doc:"Who says so; needed where nobody has signed in"`
	MeaningChange
}

func (c MeaningChange) change() fault.Change {
	out := fault.Change{
		Like: c.Like, Severity: c.Severity, Fixer: c.Fixer, Usable: c.Usable, Retry: c.Retry, Remedy: c.Remedy, Momentary: c.Momentary, NoFault: c.NoFault, Value: c.Value,
		Texts: map[fault.Language]fault.Texts{},
	}
	for l, t := range map[fault.Language]faultTexts{fault.Swedish: c.Texts.Swedish, fault.English: c.Texts.English} {
		if t != (faultTexts{}) {
			out.Texts[l] = fault.Texts(t)
		}
	}
	return out
}

type overrideView struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Gone bool      `json:"gone,omitempty" doc:"What was said was taken back"`
	MeaningChange
}

func showOverride(o fault.Override) overrideView {
	c := o.Change
	return overrideView{o.By, o.At, o.Gone, MeaningChange{c.Like, c.Severity, c.Fixer, c.Usable, c.Retry, c.Remedy, c.Momentary, c.NoFault, c.Value, showFaultTexts(c.Texts)}}
}

type unknownFaultView struct {
	Key      string          `json:"key"`
	Source   string          `json:"source"`
	Code     string          `json:"code"`
	Count    int             `json:"count" doc:"How often a fault was opened with it"`
	Stations int             `json:"stations" doc:"How many stations sent it; at most the last 100 are counted"`
	FirstAt  time.Time       `json:"firstAt"`
	LastAt   time.Time       `json:"lastAt"`
	Samples  []unknownSample `json:"samples" nullable:"false" doc:"What up to five stations sent, the last first"`
}

type unknownSample struct {
	Station gnista.StationID `json:"station"`
	At      time.Time        `json:"at"`
	Raw     fault.Raw        `json:"raw" doc:"As it came"`
}

func showUnknownFault(u fault.Unknown) unknownFaultView {
	v := unknownFaultView{u.Key.String(), u.Key.Source, u.Key.Code, u.Count, u.Stations, u.FirstAt, u.LastAt, make([]unknownSample, len(u.Samples))}
	for i, x := range u.Samples {
		v.Samples[i] = unknownSample(x)
	}
	return v
}

// MeaningPath is an entry of the catalogue in a path.
type MeaningPath struct {
	Source string `path:"source" maxLength:"60" example:"ocpp1.6"`
	Code   string `path:"code" maxLength:"400" example:"ConnectorLockFailure" doc:"Percent-encoded where it has a slash"`
}

func (p MeaningPath) key() fault.Key { return fault.Key{Source: p.Source, Code: p.Code} }

func (s *Server) catalogue(api huma.API) {
	const base = "/fault-catalogue"
	tags := []string{"Faults"}
	show := func(e fault.Entry) meaningView {
		v := showMeaning(e)
		if o, ok := s.Meanings.Laid(e.Key); ok {
			said := showOverride(o)
			v.Override = &said
		}
		return v
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: base, OperationID: "list-fault-catalogue", Summary: "List what is known of faults", Tags: tags,
		Description: "By source and code. See docs/faults.md.",
	}, func(ctx context.Context, in *struct {
		Paging
		Source     string `query:"source" maxLength:"60" doc:"Of one source only" example:"mrec"`
		Search     string `query:"q" maxLength:"200" doc:"A part of the key or of a text in either language; case does not matter"`
		Overridden bool   `query:"overridden" doc:"Only what an operator has added or changed"`
	}) (*body[page[meaningView]], error) {
		after, err := in.after()
		if err != nil {
			return nil, err
		}
		k, ok := fault.ParseKey(after)
		if !ok && after != "" {
			return nil, in.wrong()
		}
		list := s.Meanings.Catalogue.Entries(fault.EntryFilter{Source: in.Source, Search: in.Search, Overridden: in.Overridden}, k, in.Limit)
		return answer(turn(in.Paging, list, showMeaning, func(e fault.Entry) string { return e.Key.String() }), nil)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: base + "/{source}/{code}", OperationID: "get-fault-catalogue-entry", Summary: "Show what is known of a fault", Tags: tags},
		func(ctx context.Context, in *MeaningPath) (*body[meaningView], error) {
			e, err := s.Meanings.Catalogue.Entry(in.key())
			return answer(show(e), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPut, Path: base + "/{source}/{code}", OperationID: "put-fault-catalogue-entry", Summary: "Add an entry, or say something else of one", Tags: tags,
		Description: "In place of what an operator said of it before. What is left out is as it comes with the program or, where like is given, as that entry has it; a new entry needs all of it or like. " +
			"It holds at once, for faults that are open too. The code is no longer listed as unknown.",
	}, func(ctx context.Context, in *struct {
		MeaningPath
		Body meaningPut
	}) (*body[meaningView], error) {
		e, err := s.Meanings.Put(ctx, in.key(), in.Body.change(), whoDoes(ctx, in.Body.By))
		return answer(show(e), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: base + "/{source}/{code}", OperationID: "delete-fault-catalogue-entry", Summary: "Take back what an operator said of an entry", Tags: tags, DefaultStatus: http.StatusNoContent,
		Description: "It is again as it comes with the program, or there is none.",
	}, func(ctx context.Context, in *struct {
		MeaningPath
		By string `query:"by" maxLength:"100" doc:"Who takes it back; needed where nobody has signed in"`
	}) (*struct{}, error) {
		return nil, s.Meanings.Delete(ctx, in.key(), whoDoes(ctx, in.By))
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: base + "/{source}/{code}/history", OperationID: "list-fault-catalogue-history", Summary: "List who said what of an entry, and when", Tags: tags,
		Description: "The newest first; the newest 50 are kept.",
	}, func(ctx context.Context, in *MeaningPath) (*body[page[overrideView]], error) {
		list, err := s.Meanings.History(ctx, in.key())
		out := page[overrideView]{Items: make([]overrideView, len(list))}
		for i, o := range list {
			out.Items[i] = showOverride(o)
		}
		return answer(out, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: base + "/unknown", OperationID: "list-unknown-faults", Summary: "List codes that stations sent and the catalogue does not have", Tags: tags,
		Description: "The one that came last first. PUT an entry with its key, and the faults that have it are understood. At most 5,000 are kept.",
	}, func(ctx context.Context, in *struct{ Paging }) (*body[page[unknownFaultView]], error) {
		after, err := in.after()
		if err != nil {
			return nil, err
		}
		list, next, err := s.UnknownFaults.UnknownCodes(ctx, after, in.Limit)
		if gnista.CodeOf(err) == gnista.Invalid {
			return nil, in.wrong()
		}
		return answer(turn(in.Paging, list, showUnknownFault, func(fault.Unknown) string { return next }), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: base + "/unknown/{source}/{code}", OperationID: "forget-unknown-fault", Summary: "Forget a code that the catalogue does not have", Tags: tags, DefaultStatus: http.StatusNoContent,
		Description: "It comes again when a station sends it.",
	}, func(ctx context.Context, in *MeaningPath) (*struct{}, error) {
		return nil, s.UnknownFaults.ForgetUnknownCode(ctx, in.key())
	})
}
