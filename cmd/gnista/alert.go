package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
	"gnista/fault/remedy"
	"gnista/pki"
	"gnista/station"
)

// alerting is how people are told of faults.
type alerting struct {
	SMTPURL          string        `help:"Mail server that alerts go by, as in smtp://user@mail.example.com:587, for which STARTTLS is required unless it ends in ?tls=optional, or smtps://user@mail.example.com." name:"smtp-url" placeholder:"URL"`
	SMTPPassword     string        `help:"Password of the user there. Better set as GNISTA_SMTP_PASSWORD, or as a file, than as a flag, which others on the machine can see." name:"smtp-password" placeholder:"PASSWORD"`
	SMTPPasswordFile string        `help:"File with the password." name:"smtp-password-file" placeholder:"FILE"`
	MailFrom         string        `help:"Sender of mails, as in \"Gnista <alerts@example.com>\"." placeholder:"ADDRESS"`
	AlertInternal    []string      `help:"Hosts within our own network that webhooks and push may call, each as host or host:port; on this machine without TLS too. Without it only the open internet, over https." placeholder:"HOST"`
	AlertWait        time.Duration `help:"How long a fault waits for others of the same incident before anybody is told." default:"20s"`
}

// mailer is the mail server; nil is none.
func (x alerting) mailer() (*alert.Mailer, error) {
	if x.AlertWait < 0 {
		return nil, errors.New("--alert-wait is negative")
	}
	password := x.SMTPPassword
	if x.SMTPPasswordFile != "" {
		if password != "" {
			return nil, errors.New("--smtp-password and --smtp-password-file are both set")
		}
		text, err := os.ReadFile(x.SMTPPasswordFile)
		if err != nil {
			return nil, fmt.Errorf("--smtp-password-file: %w", err)
		}
		password = strings.TrimRight(string(text), "\r\n")
	}
	switch {
	case x.SMTPURL == "" && (password != "" || x.MailFrom != ""):
		return nil, errors.New("--smtp-url is missing: without it no mail is sent")
	case x.SMTPURL == "":
		return nil, nil
	case x.MailFrom == "":
		return nil, errors.New("--mail-from is missing: mails need a sender")
	}
	m, err := alert.NewMailer(x.SMTPURL, password, x.MailFrom)
	if err != nil {
		return nil, fmt.Errorf("--smtp-url and --mail-from: %w", err)
	}
	return m, nil
}

// newAlerts puts together what tells people of faults.
func (a *app) newAlerts(o options) {
	client := pki.NewClient(o.Alerting.AlertInternal)
	client.Timeout = 20 * time.Second // receivers have as long as standard-webhooks gives them
	a.alerts = &alert.Alerts{
		Store: a.db, Faults: alertFaults{a.faults}, Catalogue: a.faults.Catalogue, Names: siteNames{a.db}, Events: a.db, Reporter: a.faults,
		Tried: a.tried, Mail: o.Mailer, Client: client, Internal: o.Alerting.AlertInternal, PublicURL: o.PublicURL, Zone: o.Zone, Wait: o.Alerting.AlertWait, Now: o.Now, NewID: o.NewID, Log: o.Log,
	}
}

// tellOfFaults tells people of faults until ctx ends.
func (a *app) tellOfFaults(ctx context.Context) {
	a.running.Go(func() { a.db.Consume(ctx, "alert", a.alertNudge, a.takeAlert) })
	a.running.Go(func() { a.alerts.Run(ctx, a.alertWork) })
}

func (a *app) takeAlert(ctx context.Context, ev gnista.Event) error {
	err := a.alerts.Take(ctx, ev)
	wake(a.alertWork)
	return err
}

// triedLines is how many lines of the history of a fault are looked at for what was tried.
const triedLines = 50

// tried is what remedies have done about a fault, in a language, and then what people have said of it, the newest last.
func (a *app) tried(ctx context.Context, id string, l fault.Language) (list []string, err error) {
	runs, err := a.db.Remedies(ctx, remedy.Filter{Fault: id, Limit: 1})
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		if r.Mode == remedy.On {
			list = append(list, strings.FieldsFunc(r.History(l), func(c rune) bool { return c == '\n' })...)
		}
	}
	done, err := a.db.FaultHistory(ctx, id, 0, triedLines)
	for _, d := range slices.Backward(done) {
		if d.What == "commented" && d.By != remedy.NoteBy { // what those say is the history
			list = append(list, d.Why+" ("+d.By+")")
		}
	}
	return list, err
}

type siteNames struct{ station.SiteStore }

// SiteName is the name of a site, or its id.
func (s siteNames) SiteName(ctx context.Context, id string) string {
	x, err := s.Site(ctx, id)
	if err != nil {
		return id
	}
	return cmp.Or(x.Name, id)
}

// alertFaults are faults and incidents as alerts see them.
type alertFaults struct{ faults *fault.Faults }

func subjectOf(f fault.Fault) alert.Subject {
	return alert.Subject{
		Kind: alert.OfFault, ID: f.ID, Case: f.Case, Key: f.Key, Severity: f.Severity, Station: f.Station, Site: f.Site, EVSE: f.EVSE.ID, Since: f.OpenedAt, Incident: f.Incident,
		AcknowledgedBy: f.AcknowledgedBy, ShelvedUntil: f.ShelvedUntil, ClearedAt: f.ClearedAt, Raw: f.Raw, Facts: f.Facts,
	}
}

func subjectOfIncident(i fault.Incident) alert.Subject {
	return alert.Subject{
		Kind: alert.OfIncident, ID: i.ID, Case: i.Case, Key: i.Key, Severity: i.Severity, Station: i.Station, Site: i.Site, Since: i.OpenedAt, Faults: i.Faults,
		AcknowledgedBy: i.AcknowledgedBy, ShelvedUntil: i.ShelvedUntil, ClearedAt: i.ResolvedAt, Facts: i.Facts,
	}
}

// Subject finds a fault or an incident. NotFound.
func (x alertFaults) Subject(ctx context.Context, kind, id string) (alert.Subject, error) {
	if kind == alert.OfIncident {
		i, err := x.faults.Incidents.Incident(ctx, id)
		return subjectOfIncident(i), err
	}
	f, err := x.faults.Store.Fault(ctx, id)
	return subjectOf(f), err
}

// Acknowledge says that a person has seen it. NotFound, Conflict.
func (x alertFaults) Acknowledge(ctx context.Context, kind, id, by string) error {
	said := fault.Said{By: by}
	if kind == alert.OfIncident {
		_, err := x.faults.AcknowledgeIncident(ctx, id, said)
		return err
	}
	_, err := x.faults.Acknowledge(ctx, id, said)
	return err
}

// Open lists open incidents and the faults that are part of none, the worst first, but for what is shelved.
func (x alertFaults) Open(ctx context.Context, f alert.OpenFilter) ([]alert.Subject, error) {
	sites, out, now, no := f.Sites, []alert.Subject{}, x.faults.Now(), false
	if len(sites) == 0 {
		sites = []string{""}
	}
	for _, site := range sites {
		incidents, err := x.faults.Incidents.Incidents(ctx, fault.IncidentFilter{State: fault.IsOpen, AtLeast: f.Severity, Site: site, Limit: f.Limit})
		if err != nil {
			return nil, err
		}
		for _, i := range incidents {
			if !now.Before(i.ShelvedUntil) {
				out = append(out, subjectOfIncident(i))
			}
		}
		faults, err := x.faults.Store.Faults(ctx, fault.Filter{
			State: fault.IsOpen, AtLeast: f.Severity, Site: site, Free: true, Shelved: &no, Now: now, WorstFirst: true, Limit: f.Limit,
		})
		if err != nil {
			return nil, err
		}
		for _, y := range faults {
			out = append(out, subjectOf(y))
		}
	}
	slices.SortStableFunc(out, func(a, b alert.Subject) int {
		return slices.Index(fault.Severities, a.Severity) - slices.Index(fault.Severities, b.Severity)
	})
	return out[:min(len(out), f.Limit)], nil
}
