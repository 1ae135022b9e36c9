package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"gnista/access"
)

// signingIn is how users sign in beside passwords and passkeys.
type signingIn struct {
	OIDCIssuer           string   `help:"OpenID provider whose users may sign in, as in https://login.example.com." name:"oidc-issuer" placeholder:"URL"`
	OIDCClientID         string   `help:"Id that it knows this system by. Where it sends people back to is PUBLIC-URL/sign-in/oidc/callback." name:"oidc-client-id" placeholder:"ID"`
	OIDCClientSecret     string   `help:"Secret that goes with it. Better set as GNISTA_OIDC_CLIENT_SECRET, or as a file, than as a flag, which others on the machine can see." name:"oidc-client-secret" placeholder:"SECRET"`
	OIDCClientSecretFile string   `help:"File with the secret." name:"oidc-client-secret-file" placeholder:"FILE"`
	OIDCName             string   `help:"What the button for it is called." name:"oidc-name" default:"single sign-on" placeholder:"NAME"`
	OIDCRoles            []string `help:"Roles of people who are no users yet, by what the provider says of them, as in groups=gnista-admins:admin. They become users when they first sign in. Without it only those may sign in who are users." name:"oidc-roles" placeholder:"CLAIM=VALUE:ROLE"`
}

// provider is the OpenID provider; nil is none.
func (s signingIn) provider(now func() time.Time) (*access.Provider, error) {
	secret := s.OIDCClientSecret
	if s.OIDCClientSecretFile != "" {
		if secret != "" {
			return nil, errors.New("--oidc-client-secret and --oidc-client-secret-file are both set")
		}
		text, err := os.ReadFile(s.OIDCClientSecretFile)
		if err != nil {
			return nil, fmt.Errorf("--oidc-client-secret-file: %w", err)
		}
		secret = strings.TrimRight(string(text), "\r\n")
	}
	switch {
	case s.OIDCIssuer == "" && (s.OIDCClientID != "" || secret != "" || len(s.OIDCRoles) > 0):
		return nil, errors.New("--oidc-issuer is missing")
	case s.OIDCIssuer == "":
		return nil, nil
	case s.OIDCClientID == "":
		return nil, errors.New("--oidc-client-id is missing")
	}
	u, err := url.Parse(s.OIDCIssuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, fmt.Errorf("--oidc-issuer: %q is not an https address", s.OIDCIssuer)
	}
	roles, err := access.ParseClaimRoles(s.OIDCRoles)
	if err != nil {
		return nil, fmt.Errorf("--oidc-roles: %w", err)
	}
	return access.NewProvider(s.OIDCIssuer, s.OIDCClientID, secret, s.OIDCName, roles, now), nil
}

// loopback tells whether a host is this machine.
func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
