package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/fault/alert"
)

type alertChannelView struct {
	ID           string             `json:"id"`
	Person       string             `json:"person,omitempty" doc:"Id of whose it is"`
	Name         string             `json:"name,omitempty"`
	Kind         alert.Kind         `json:"kind" enum:"mail,webhook,push"`
	State        alert.ChannelState `json:"state" enum:"on,off,failed" doc:"failed: it took nothing for five days, or answered that it is gone. What waits for it is sent when it is on again"`
	Note         string             `json:"note,omitempty" doc:"Why it has failed"`
	Address      string             `json:"address" doc:"Of mail, or a URL; of a browser only its push service"`
	PerMinute    int                `json:"perMinute" doc:"Alerts in a minute, beyond which they are told together; 0 is no limit"`
	Events       []string           `json:"events,omitempty" doc:"Patterns of the kinds of events that a webhook follows"`
	Event        int64              `json:"event,omitempty" doc:"Number of the last event that was taken up for it"`
	Secret       string             `json:"secret,omitempty" doc:"Of a webhook, when it is made or changed: it is told this once"`
	FailingSince *time.Time         `json:"failingSince,omitempty" doc:"Of the first failure after which nothing arrived"`
	CreatedAt    time.Time          `json:"createdAt"`
}

func showChannel(c alert.Channel) alertChannelView {
	v := alertChannelView{
		ID: c.ID, Person: c.Person, Name: c.Name, Kind: c.Kind, State: c.State, Note: c.Note, Address: c.Address, PerMinute: c.PerMinute, Events: c.Events,
		FailingSince: moment(c.FailingSince), CreatedAt: c.CreatedAt,
	}
	if c.Kind == alert.ByPush {
		v.Address = c.Masked()
	}
	if len(c.Events) > 0 {
		v.Event = c.After
	}
	return v
}

// showSecret shows a channel with the secret that it has just got.
func showSecret(c alert.Channel) alertChannelView {
	v := showChannel(c)
	if len(c.Secrets) > 0 {
		v.Secret = c.Secrets[0].Value
	}
	return v
}

type alertChannelChange struct {
	Kind      *alert.Kind         `json:"kind,omitempty" enum:"mail,webhook" doc:"When it is made; it does not change"`
	Person    *string             `json:"person,omitempty" maxLength:"100" doc:"Id of whose it is; a webhook may belong to nobody"`
	Name      *string             `json:"name,omitempty" maxLength:"100"`
	Address   *string             `json:"address,omitempty" maxLength:"2000" doc:"A mail address, or the URL of a webhook"`
	PerMinute *int                `json:"perMinute,omitempty" minimum:"0" maximum:"1000" doc:"Alerts in a minute, beyond which they are told together; 0 is no limit. Absent is 6 for mail and push, and no limit for webhooks"`
	Events    *[]string           `json:"events,omitempty" maxItems:"50" example:"[\"fault.*\",\"transaction.ended\"]" doc:"Of a webhook that follows events, from now on: patterns of their kinds. It gets no alerts"`
	State     *alert.ChannelState `json:"state,omitempty" enum:"on,off"`
}

// UnmarshalJSON refuses null.
func (c *alertChannelChange) UnmarshalJSON(text []byte) error {
	type plain alertChannelChange
	return unmarshalChange(text, (*plain)(c))
}

func (c alertChannelChange) apply(x *alert.Channel) {
	set(&x.Kind, c.Kind)
	set(&x.Person, c.Person)
	set(&x.Name, c.Name)
	set(&x.Address, c.Address)
	set(&x.PerMinute, c.PerMinute)
	set(&x.Events, c.Events)
	set(&x.State, c.State)
}

// perMinute is how many alerts in a minute go to a person where nothing else is said.
const perMinute = 6

type pushKeys struct {
	P256dh string `json:"p256dh" maxLength:"200" doc:"Public key of the browser, base64url"`
	Auth   string `json:"auth" maxLength:"100" doc:"Its secret, base64url"`
}

type pushSubscription struct {
	Person         string   `json:"person" maxLength:"100" doc:"Id of whose browser it is"`
	Name           string   `json:"name,omitempty" maxLength:"100"`
	Endpoint       string   `json:"endpoint" maxLength:"2000"`
	Keys           pushKeys `json:"keys"`
	ExpirationTime *float64 `json:"expirationTime,omitempty" doc:"As browsers say it; not used"`
}

type pushKeyView struct {
	Key string `json:"key" doc:"Public key that browsers subscribe with (applicationServerKey), base64url"`
}

func (s *Server) alertChannels(api huma.API) {
	a := s.Alerts
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/alert-channels", OperationID: "list-alert-channels", Summary: "List channels of alerts", Tags: alertTags},
		func(ctx context.Context, in *struct {
			Person string     `query:"person" doc:"Only those of this person"`
			Kind   alert.Kind `query:"kind" enum:"mail,webhook,push"`
			Paging
		}) (*body[page[alertChannelView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := a.Store.Channels(ctx, alert.ChannelFilter{Person: in.Person, Kind: in.Kind, After: after, Limit: in.Limit})
			return answer(turn(in.Paging, list, showChannel, func(c alert.Channel) string { return c.ID }), err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/alert-channels/{id}", OperationID: "get-alert-channel", Summary: "Show a channel of alerts", Tags: alertTags},
		func(ctx context.Context, in *AlertPath) (*body[alertChannelView], error) {
			c, err := a.Store.Channel(ctx, in.ID)
			return answer(showChannel(c), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/alert-channels", OperationID: "create-alert-channel", Summary: "Add a mail address or a webhook", Tags: alertTags, DefaultStatus: http.StatusCreated,
		Description: "Webhooks are signed as standard-webhooks has it, with a secret that is told in this answer only. Browsers are added with POST /push-subscriptions.",
	}, func(ctx context.Context, in *struct{ Body alertChannelChange }) (*body[alertChannelView], error) {
		var c alert.Channel
		in.Body.apply(&c)
		if c.Kind == alert.ByMail && in.Body.PerMinute == nil {
			c.PerMinute = perMinute
		}
		c, err := a.AddChannel(ctx, c)
		return answer(showSecret(c), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPatch, Path: "/alert-channels/{id}", OperationID: "change-alert-channel", Summary: "Change a channel of alerts", Description: "What is left out is not changed.", Tags: alertTags,
	}, func(ctx context.Context, in *struct {
		AlertPath
		Body alertChannelChange
	}) (*body[alertChannelView], error) {
		c, err := a.ChangeChannel(ctx, in.ID, in.Body.apply)
		return answer(showChannel(c), err)
	})
	remove := func(ctx context.Context, in *AlertPath) (*struct{}, error) { return nil, a.DeleteChannel(ctx, in.ID) }
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/alert-channels/{id}", OperationID: "delete-alert-channel", Summary: "Forget a channel of alerts", Tags: alertTags, DefaultStatus: http.StatusNoContent,
		Description: "What waits for it is withdrawn. What a route or a digest names is not forgotten.",
	}, remove)
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/alert-channels/{id}/secret", OperationID: "rotate-alert-channel-secret", Summary: "Give a webhook a new secret", Tags: alertTags,
		Description: "For a day the old one signs as well.",
	}, func(ctx context.Context, in *AlertPath) (*body[alertChannelView], error) {
		c, err := a.RotateSecret(ctx, in.ID)
		return answer(showSecret(c), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/alert-channels/{id}/test", OperationID: "test-alert-channel", Summary: "Send a test to a channel", Tags: alertTags,
		Description: "It is sent at once and once, and the answer says what came of it.",
	}, func(ctx context.Context, in *AlertPath) (*body[alertDeliveryView], error) {
		x, err := a.Test(ctx, in.ID)
		return answer(showDelivery(x), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/push-subscriptions/key", OperationID: "get-push-key", Summary: "Tell the key that browsers subscribe with", Tags: alertTags},
		func(ctx context.Context, _ *struct{}) (*body[pushKeyView], error) {
			key, err := a.PushKey(ctx)
			return answer(pushKeyView{key}, err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/push-subscriptions", OperationID: "create-push-subscription", Summary: "Add a browser", Tags: alertTags, DefaultStatus: http.StatusCreated,
		Description: "The body is what PushManager.subscribe gives, with whose browser it is. A browser that subscribes anew is the same channel. It is forgotten when its push service says that it is gone.",
	}, func(ctx context.Context, in *struct{ Body pushSubscription }) (*body[alertChannelView], error) {
		b := in.Body
		c, err := a.AddChannel(ctx, alert.Channel{
			Person: b.Person, Name: b.Name, Kind: alert.ByPush, Address: b.Endpoint, P256dh: b.Keys.P256dh, Auth: b.Keys.Auth, PerMinute: perMinute,
		})
		return answer(showChannel(c), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/push-subscriptions/{id}", OperationID: "delete-push-subscription", Summary: "Forget a browser", Tags: alertTags, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *AlertPath) (*struct{}, error) {
		c, err := a.Store.Channel(ctx, in.ID)
		if err == nil && c.Kind != alert.ByPush {
			err = gnista.Errorf(gnista.NotFound, "there is no browser %q", in.ID)
		}
		if err != nil {
			return nil, err
		}
		return remove(ctx, in)
	})
}
