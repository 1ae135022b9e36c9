package main_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// blueprint is how an image says that it is to be run.
type blueprint struct {
	Architecture string
	Config       struct {
		User                  string
		Env, Entrypoint, Cmd  []string
		WorkingDir            string
		ExposedPorts, Volumes map[string]struct{}
		Labels                map[string]string
	}
	Rootfs struct {
		Diff []string `json:"diff_ids"`
	}
}

// unpackImage writes the files of an image to a folder, as whoever runs containers does.
func unpackImage(t *testing.T, image, to string) (b blueprint) {
	t.Helper()
	files := map[string][]byte{}
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		if sum, ok := strings.CutPrefix(h.Name, "blobs/sha256/"); ok && sum != fmt.Sprintf("%x", sha256.Sum256(files[h.Name])) {
			t.Errorf("%s is not what it says", h.Name)
		}
	}
	type part struct{ Digest string }
	named := func(p part) []byte { return files["blobs/"+strings.Replace(p.Digest, ":", "/", 1)] }
	manifest := decode[struct {
		Config part
		Layers []part
	}](t, named(decode[struct{ Manifests []part }](t, files["index.json"]).Manifests[0]))
	saved := decode[[]struct {
		Config string
		Layers []string
	}](t, files["manifest.json"])
	if !bytes.Equal(files[saved[0].Config], named(manifest.Config)) || !bytes.Equal(files[saved[0].Layers[0]], named(manifest.Layers[0])) {
		t.Error("the image is another one for Docker than for OCI")
	}
	b = decode[blueprint](t, named(manifest.Config))
	packed, err := gzip.NewReader(bytes.NewReader(named(manifest.Layers[0])))
	if err != nil {
		t.Fatal(err)
	}
	whole := sha256.New()
	layer := io.TeeReader(packed, whole)
	for r := tar.NewReader(layer); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(to, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.Mkdir(name, 0o700)
		} else {
			var w *os.File
			if w, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
				_, err = io.Copy(w, r)
				err = errors.Join(err, w.Close())
			}
		}
		if err = errors.Join(err, os.Lchown(name, h.Uid, h.Gid), os.Chmod(name, h.FileInfo().Mode())); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.Copy(io.Discard, layer); err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("sha256:%x", whole.Sum(nil)); len(b.Rootfs.Diff) != 1 || b.Rootfs.Diff[0] != sum {
		t.Errorf("the layer is %s, and is said to be %s", sum, b.Rootfs.Diff)
	}
	return b
}

// The image that make image makes runs in a container as the chart runs it: as nobody with rights, with a root that
// cannot be written to, in a network of its own, where it is ready and keeps what it is told.
func TestImage(t *testing.T) {
	const binary = "../../bin/gnista"
	program, err := elf.Open(binary)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: bin/gnista is not there: make build")
	}
	if err != nil {
		t.Fatal(err)
	}
	program.Close()
	if slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Skip("skipped: bin/gnista needs libraries of this machine, which an image does not have: make build")
	}
	run, err := exec.LookPath("runc")
	if err != nil {
		if run, err = exec.LookPath("crun"); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal("neither runc nor crun is installed: make setup")
			}
			t.Skip("skipped: neither runc nor crun is installed")
		}
	}
	n := newNetwork(t)
	n.here(t)
	m := n.machine(t)

	dir := t.TempDir()
	image, root := filepath.Join(dir, "image.tar"), filepath.Join(dir, "rootfs")
	made := exec.CommandContext(t.Context(), "go", "run", "../../deploy/image", "-binary", binary, "-licence", "../../LICENSE", "-arch", runtime.GOARCH, "-version", "1.2.3", "-out", image)
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("making the image: %v\n%s", err, out)
	}
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	b := unpackImage(t, image, root)
	if b.Config.Labels["org.opencontainers.image.version"] != "1.2.3" || b.Architecture != runtime.GOARCH {
		t.Errorf("the image says %+v", b)
	}
	sameAsDockerfile(t, b)
	if trusted, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt")); err != nil || !x509.NewCertPool().AppendCertsFromPEM(trusted) {
		t.Errorf("the image knows no authorities: %v", err)
	}

	id := n.name + "image"
	text, err := json.Marshal(bundle(b, m.name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	said := &journal{}
	container := exec.Command(run, "run", "--bundle", dir, id)
	container.Stdout, container.Stderr = said, said
	if err := container.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command(run, "delete", "--force", id).Run() })
	defer func() {
		if t.Failed() {
			t.Logf("the container says\n%s", said)
		}
	}()
	s, health := &server{address: port(m.address, 8080)}, "http://"+port(m.address, 9091)+"/readyz"
	eventually(t, "the container is ready", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "GET", health, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && resp.StatusCode == http.StatusOK
	})
	s.do(t, "POST", "/tokens", `{"uid":"CARD"}`)
	if out, err := exec.CommandContext(t.Context(), run, "exec", id, "/usr/bin/gnista", "version").CombinedOutput(); err != nil {
		t.Errorf("a second program in the container: %v\n%s", err, out)
	}
	owned, err := os.Stat(filepath.Join(root, "var/lib/gnista"))
	if err != nil || owned.Sys().(*syscall.Stat_t).Uid != 65532 || owned.Mode().Perm() != 0o700 {
		t.Errorf("the data folder is %v, %v", owned, err)
	}
	if kept, err := filepath.Glob(filepath.Join(root, "var/lib/gnista/*.db")); err != nil || len(kept) == 0 {
		t.Errorf("nothing is kept: %v, %v", kept, err)
	}
	if out, err := exec.CommandContext(t.Context(), run, "kill", id, "TERM").CombinedOutput(); err != nil {
		t.Fatalf("ending the container: %v\n%s", err, out)
	}
	if err := container.Wait(); err != nil {
		t.Errorf("the end of the container: %v", err)
	}
}

// bundle is how OCI runs what the image says, with no more than the chart lets it.
func bundle(b blueprint, namespace string) map[string]any {
	mount := func(to, kind, from string, options ...string) map[string]any {
		return map[string]any{"destination": to, "type": kind, "source": from, "options": options}
	}
	return map[string]any{
		"ociVersion": "1.0.2",
		"process": map[string]any{
			"user": map[string]int{"uid": 65532, "gid": 65532}, "cwd": b.Config.WorkingDir, "noNewPrivileges": true, "capabilities": map[string]any{},
			"args": append(slices.Clone(b.Config.Entrypoint), b.Config.Cmd...), "env": append(slices.Clone(b.Config.Env), "GNISTA_ADMIN_TOKEN="+peerAdmin),
		},
		"root": map[string]any{"path": "rootfs", "readonly": true},
		"mounts": []any{
			mount("/proc", "proc", "proc"), mount("/dev", "tmpfs", "tmpfs", "nosuid", "mode=755"), mount("/tmp", "tmpfs", "tmpfs", "nosuid", "nodev", "mode=1777"),
			mount("/var/lib/gnista", "bind", "rootfs/var/lib/gnista", "bind", "rw"), // as an engine does with a volume that is empty
		},
		"linux": map[string]any{"namespaces": []map[string]string{
			{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "network", "path": "/var/run/netns/" + namespace},
		}},
	}
}

// sameAsDockerfile holds the image to the one that docker build makes.
func sameAsDockerfile(t *testing.T, b blueprint) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	words := func(list []string) string { return `["` + strings.Join(list, `", "`) + `"]` }
	for want, ok := range map[string]bool{
		"\nUSER " + b.Config.User + "\n":                    b.Config.User != "",
		"\nENTRYPOINT " + words(b.Config.Entrypoint) + "\n": true,
		"\nCMD " + words(b.Config.Cmd) + "\n":               true,
		"\nVOLUME /var/lib/gnista\n":                        len(b.Config.Volumes) == 1,
		"\nEXPOSE 8080 9091\n":                              len(b.Config.ExposedPorts) == 2,
	} {
		if !ok || !strings.Contains(string(text), want) {
			t.Errorf("the image and the Dockerfile differ: %q", want)
		}
	}
	ours := slices.DeleteFunc(slices.Clone(b.Config.Env), func(v string) bool { return !strings.HasPrefix(v, "GNISTA_") })
	if !strings.Contains(string(text), "\nENV "+strings.Join(ours, " ")+"\n") {
		t.Errorf("the image has %s, and the Dockerfile does not", ours)
	}
}
