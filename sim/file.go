package sim

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"

	"gnista/ocpp/ocppj"
)

const (
	maxFile         = 256 << 20 // bytes of a file that is fetched
	maxTransfer     = 5 * time.Minute
	fileHead        = 256 // bytes of it that are kept
	maxVersion      = 50  // characters of the version of firmware on the wire
	versionHeader   = "X-Firmware-Version"
	maxTransferring = 100 // retries that are believed
)

// client speaks HTTP over the network of the station.
func (s *Station) client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{DialContext: s.Dial, TLSClientConfig: s.tls(), DisableKeepAlives: true},
		Timeout:   maxTransfer,
		// OCPP 2.1 N01.FR.30.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// transferError is a transfer that the other side did not take.
type transferError struct{ status int }

func (e *transferError) Error() string {
	return fmt.Sprintf("the file server answers %d %s", e.status, http.StatusText(e.status))
}

// errProtocol is a URL whose protocol the station does not speak.
var errProtocol = errors.New("only http and https are spoken")

// file is what was fetched.
type file struct {
	head    []byte
	sha256  []byte
	md5     []byte
	version string // of the firmware that it is
}

func location(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the location is no URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errProtocol
	}
	return u, nil
}

// fetch gets a file.
func (s *Station) fetch(ctx context.Context, from string) (file, error) {
	u, err := location(from)
	if err != nil {
		return file{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return file{}, err
	}
	resp, err := s.client().Do(req)
	if err != nil {
		return file{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return file{}, &transferError{resp.StatusCode}
	}
	sum, old := sha256.New(), md5.New()
	var head bytes.Buffer
	body := io.LimitReader(resp.Body, maxFile+1)
	if _, err := io.CopyN(&head, body, fileHead); err != nil && err != io.EOF {
		return file{}, err
	}
	both := io.MultiWriter(sum, old)
	both.Write(head.Bytes())
	n, err := io.Copy(both, body)
	if err != nil {
		return file{}, err
	}
	if n+int64(head.Len()) > maxFile {
		return file{}, fmt.Errorf("the file has more than %d bytes", maxFile)
	}
	f := file{head: head.Bytes(), sha256: sum.Sum(nil), md5: old.Sum(nil)}
	f.version = cmp.Or(resp.Header.Get(versionHeader), firstLine(f.head), strings.TrimSuffix(path.Base(u.Path), path.Ext(u.Path)))
	if len(f.version) > maxVersion {
		f.version = f.version[:maxVersion]
	}
	return f, nil
}

// firstLine is the first line of a text, if it is one and could be a version.
func firstLine(head []byte) string {
	line, _, _ := strings.Cut(string(head), "\n")
	line = strings.TrimSpace(line)
	for _, r := range line {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ""
		}
	}
	if len(line) > maxVersion {
		return ""
	}
	return line
}

// send puts a file where it is wanted, by PUT or, where that is not known, by POST. A location that
// ends with a slash is a folder. (OCPP 2.1 N01.FR.19, N01.FR.21, N01.FR.29)
func (s *Station) send(ctx context.Context, to, name string, content []byte) error {
	u, err := location(to)
	if err != nil {
		return err
	}
	if u.Path == "" || strings.HasSuffix(u.Path, "/") {
		u = u.JoinPath(name)
	}
	for _, method := range []string{http.MethodPut, http.MethodPost} {
		err = s.put(ctx, method, u.String(), name, content)
		if refused, ok := errors.AsType[*transferError](err); !ok || refused.status != http.StatusMethodNotAllowed {
			break
		}
	}
	return err
}

func (s *Station) put(ctx context.Context, method, to, name string, content []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(content))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	resp, err := s.client().Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &transferError{resp.StatusCode}
	}
	return nil
}

// persist does a transfer again after the interval while it fails, so often at most.
func persist(ctx context.Context, retries int, interval time.Duration, do func() error) error {
	for left := min(max(retries, 0), maxTransferring); ; left-- {
		err := do()
		if err == nil || left == 0 || errors.Is(err, errProtocol) || ctx.Err() != nil || !sleep(ctx, interval) {
			return err
		}
	}
}

// retrying are the retries and the interval of the wire.
func (s *Station) retrying(retries, seconds *int) (int, time.Duration) {
	n, interval := 0, cmp.Or(s.Retry, defaultRetry)
	if retries != nil {
		n = *retries
	}
	if seconds != nil {
		interval = time.Duration(min(max(*seconds, 0), 1_000_000)) * time.Second
	}
	return n, interval
}

// whenInService says something as soon as the station is in service, again when the connection is lost
// meanwhile.
func (s *Station) whenInService(ctx context.Context, say func(l *link) error) error {
	for {
		if err := s.Ready(ctx); err != nil {
			return err
		}
		l, err := s.online()
		if err != nil {
			continue
		}
		if err = say(l); err == nil || !errors.Is(err, ocppj.ErrClosed) && l.ctx.Err() == nil {
			return err
		}
	}
}
