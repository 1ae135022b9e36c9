package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// What is in an archive, beside the manifest, which is the last: who has that has all.
const (
	manifestName = "manifest.json"
	sqliteName   = "database.sqlite"  // a copy of the file
	postgresName = "database.pg_dump" // of pg_dump --format=custom
	keyName      = "secret.key"
	filesName    = "files/" // and below it those of the folder
)

// archiveFormat is the one that this program writes, and the newest that it reads.
const archiveFormat = 1

// manifest says what is in an archive.
type manifest struct {
	Format   int       `json:"format"`
	Gnista   string    `json:"gnista"` // version
	Schema   int64     `json:"schema"` // version
	Database string    `json:"database"`
	TakenAt  time.Time `json:"takenAt"`
	Key      string    `json:"key"`
	Files    []packed  `json:"files"`
}

// Whether the secret key is in an archive.
const (
	keyIncluded  = "included"
	keyLeftOut   = "left out"
	keyElsewhere = "not in a file"
)

// packed is a file in an archive.
type packed struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// packer writes an archive.
type packer struct {
	zip  *zstd.Encoder
	tar  *tar.Writer
	list []packed
}

func newPacker(w io.Writer) (*packer, error) {
	z, err := zstd.NewWriter(w)
	if err != nil {
		return nil, err
	}
	return &packer{zip: z, tar: tar.NewWriter(z)}, nil
}

// add puts a file into the archive.
func (p *packer) add(name, file string, at time.Time) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: info.Size(), ModTime: at}); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(p.tar, sum), io.LimitReader(f, info.Size()))
	if err == nil && n < info.Size() {
		err = fmt.Errorf("%s became shorter while it was read", file)
	}
	p.list = append(p.list, packed{name, n, hex.EncodeToString(sum.Sum(nil))})
	return err
}

// end writes the manifest.
func (p *packer) end(m manifest) error {
	m.Files = p.list
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	err = p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: manifestName, Mode: 0o600, Size: int64(len(text)), ModTime: m.TakenAt})
	if err == nil {
		_, err = p.tar.Write(text)
	}
	return errors.Join(err, p.tar.Close(), p.zip.Close())
}

// maxManifest is how large one may be: of some hundred thousand files.
const maxManifest = 64 << 20

// unpack writes what is in an archive into a folder, and checks that it is what the manifest says. An archive that is
// not as it was written is refused with what is wrong.
func unpack(r io.Reader, folder string) (manifest, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return manifest{}, err
	}
	defer z.Close()
	var found []packed
	var m *manifest
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return manifest{}, fmt.Errorf("the archive is broken or was cut off: %w", err)
		}
		switch {
		case m != nil:
			return manifest{}, fmt.Errorf("the archive has %q behind its manifest, which no backup has", h.Name)
		case h.Typeflag != tar.TypeReg || !packable(h.Name):
			return manifest{}, fmt.Errorf("the archive has %q, which no backup has", h.Name)
		case h.Name == manifestName:
			m = &manifest{}
			if err := json.NewDecoder(io.LimitReader(t, maxManifest)).Decode(m); err != nil {
				return manifest{}, fmt.Errorf("the manifest of the archive cannot be read: %w", err)
			}
		default:
			p, err := extract(t, folder, h.Name)
			if err != nil {
				return manifest{}, err
			}
			found = append(found, p)
		}
	}
	if m == nil {
		return manifest{}, errors.New("the archive has no manifest: it is no backup of gnista, or was cut off")
	}
	return *m, m.check(found)
}

// packable tells whether an archive may have a file of a name.
func packable(name string) bool {
	below, ok := strings.CutPrefix(name, filesName)
	if ok {
		return below != "" && path.Base(below) == below && below[0] != '.' && !strings.ContainsAny(below, `\:`)
	}
	return slices.Contains([]string{manifestName, sqliteName, postgresName, keyName}, name)
}

func extract(r io.Reader, folder, name string) (packed, error) {
	file := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return packed{}, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return packed{}, fmt.Errorf("the archive has %q twice, or it cannot be written: %w", name, err)
	}
	sum := sha256.New()
	w := &writeError{w: io.MultiWriter(f, sum)}
	n, err := io.Copy(w, r)
	switch {
	case w.err != nil:
		err = fmt.Errorf("writing %s: %w", file, w.err)
	case err != nil:
		err = fmt.Errorf("the archive is broken in %s: %w", name, err)
	default:
		err = f.Sync()
	}
	return packed{name, n, hex.EncodeToString(sum.Sum(nil))}, errors.Join(err, f.Close())
}

// writeError tells an error of writing from one of reading.
type writeError struct {
	w   io.Writer
	err error
}

func (w *writeError) Write(b []byte) (int, error) {
	n, err := w.w.Write(b)
	w.err = err
	return n, err
}

// check compares what was found in an archive with what should be.
func (m manifest) check(found []packed) error {
	if m.Format < 1 || m.Format > archiveFormat {
		return fmt.Errorf("the archive has format %d, and this gnista reads up to %d: use the one that made it, %s", m.Format, archiveFormat, m.Gnista)
	}
	have := map[string]packed{}
	for _, p := range found {
		have[p.Name] = p
	}
	for _, want := range m.Files {
		got, ok := have[want.Name]
		switch {
		case !ok:
			return fmt.Errorf("the archive lacks %s", want.Name)
		case got.Size != want.Size:
			return fmt.Errorf("%s in the archive has %d bytes and should have %d", want.Name, got.Size, want.Size)
		case got.SHA256 != want.SHA256:
			return fmt.Errorf("%s in the archive is not what was written: its SHA-256 is %s and should be %s", want.Name, got.SHA256, want.SHA256)
		}
		delete(have, want.Name)
	}
	for name := range have {
		return fmt.Errorf("the archive has %s, of which its manifest says nothing", name)
	}
	return nil
}

// has tells whether the archive has a file.
func (m manifest) has(name string) bool {
	return slices.ContainsFunc(m.Files, func(p packed) bool { return p.Name == name })
}
