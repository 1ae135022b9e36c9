package v2

import (
	"cmp"
	"context"
	"strconv"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 2.x B07.FR.03, B07.FR.08, B08.FR.03.
func (a *Adapter) notifyReport(ctx context.Context, s *gateway.Session, req ocpp2.NotifyReportRequest, _ []ocppj.Violation) (ocpp2.NotifyReportResponse, error) {
	p := station.Page{Number: req.RequestID, Seq: max(req.SeqNo, 0), More: continued(req.TBC)}
	for _, d := range req.ReportData {
		v := located(d.Component, d.Variable)
		if v.Name == "" || v.Component == "" {
			continue
		}
		if c := d.VariableCharacteristics; c != nil {
			v.DataType, v.Unit, v.Min, v.Max, v.Values = string(c.DataType), c.Unit, limit(c.MinLimit), limit(c.MaxLimit), c.ValuesList
		}
		for _, x := range d.VariableAttribute {
			v.Attribute, v.Value = cmp.Or(string(x.Type), station.Actual), x.Value
			v.Mutability = cmp.Or(string(x.Mutability), station.ReadWrite)
			p.List = append(p.List, v)
		}
	}
	return ocpp2.NotifyReportResponse{}, a.Network.TakePage(ctx, s.Station, p)
}

// limit is a limit as it is written; empty when there is none.
func limit(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

var bases = map[station.ReportOf]ocpp2.ReportBase{
	station.OfAll:           ocpp2.ReportBaseFullInventory,
	station.OfConfiguration: ocpp2.ReportBaseConfigurationInventory,
	station.OfSummary:       ocpp2.ReportBaseSummaryInventory,
}

var criteria = map[station.Criterion]ocpp2.ComponentCriterion{
	station.IfActive:    ocpp2.ComponentCriterionActive,
	station.IfAvailable: ocpp2.ComponentCriterionAvailable,
	station.IfEnabled:   ocpp2.ComponentCriterionEnabled,
	station.IfProblem:   ocpp2.ComponentCriterionProblem,
}

// OCPP 2.x B07, B08; B02.FR.05: a station that waits may then send its report.
func askReport(ctx context.Context, s *gateway.Session, o station.AskReport) (station.Answer, error) {
	s.Invite()
	if base, ok := bases[o.Of]; ok {
		resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetBaseReport, ocpp2.GetBaseReportRequest{RequestID: o.Number, ReportBase: base})
		return answer(resp.Status, resp.StatusInfo), err
	}
	req := ocpp2.GetReportRequest{RequestID: o.Number}
	for _, c := range o.Criteria {
		req.ComponentCriteria = append(req.ComponentCriteria, criteria[c])
	}
	for _, name := range o.Components {
		c, v, err := parseName(name)
		x := ocpp2.ComponentVariable{Component: c, Variable: &v}
		if err != nil { // the component alone
			if c, _, err = parseName(name + ".x"); err != nil {
				return station.Answer{}, err
			}
			x = ocpp2.ComponentVariable{Component: c}
		}
		req.ComponentVariable = append(req.ComponentVariable, x)
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetReport, req)
	return answer(resp.Status, resp.StatusInfo), err
}
