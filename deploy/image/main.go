// Command image writes the container image as one file, without an engine, a base image or a network: the program, the
// authorities of this machine and the folders that it writes to. The file is read as what docker save writes (docker
// load, podman load) and as an archive of OCI (skopeo, crane). From the same files comes the same image.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	var i image
	flag.StringVar(&i.binary, "binary", "bin/gnista", "the program, linked statically")
	flag.StringVar(&i.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt", "authorities that the program is to trust")
	flag.StringVar(&i.licence, "licence", "LICENSE", "the licence")
	flag.StringVar(&i.arch, "arch", "amd64", "the architecture of the program, as Go names it")
	flag.StringVar(&i.version, "version", "dev", "the version, which is the tag as well")
	flag.StringVar(&i.source, "source", "", "where the source is, as an address of the web")
	seconds := flag.Int64("made", 0, "when it was made, in seconds since 1970")
	out := flag.String("out", "bin/gnista.image.tar", "the file to write")
	flag.Parse()
	i.made = time.Unix(*seconds, 0).UTC()
	if err := i.write(*out); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

type image struct {
	binary, certificates, licence string // files
	arch, version, source         string
	made                          time.Time
}

// uid is the user that the program runs as, and its group. The chart has the same.
const uid = 65532

// config is how the program is run, as the Dockerfile has it.
func (i image) config(layer string) map[string]any {
	labels := map[string]string{
		"org.opencontainers.image.title": "gnista", "org.opencontainers.image.description": "The central system for charging stations",
		"org.opencontainers.image.version": i.version, "org.opencontainers.image.licenses": "Apache-2.0",
		"org.opencontainers.image.created": i.made.Format(time.RFC3339),
	}
	if i.source != "" {
		labels["org.opencontainers.image.source"] = i.source
	}
	return map[string]any{
		"created": i.made, "architecture": i.arch, "os": "linux",
		"config": map[string]any{
			"User":       fmt.Sprintf("%d:%d", uid, uid),
			"Entrypoint": []string{"/usr/bin/gnista"},
			"Cmd":        []string{"serve"},
			"Env": []string{"PATH=/usr/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
				"GNISTA_DATA=/var/lib/gnista", "GNISTA_LISTEN=:8080", "GNISTA_ADMIN_LISTEN=:9091", "GNISTA_LOG_FORMAT=json"},
			"ExposedPorts": map[string]any{"8080/tcp": struct{}{}, "9091/tcp": struct{}{}},
			"Volumes":      map[string]any{"/var/lib/gnista": struct{}{}},
			"WorkingDir":   "/",
			"Labels":       labels,
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{layer}},
		"history": []map[string]any{{"created": i.made, "created_by": "make image"}},
	}
}

// root writes all that is in the image, as a tar.
func (i image) root(to io.Writer) error {
	w := tar.NewWriter(to)
	folder := func(name string, mode int64, owner int) error {
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: owner, Gid: owner, ModTime: i.made})
	}
	file := func(name string, mode int64, text []byte) error {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(text)), ModTime: i.made}); err != nil {
			return err
		}
		_, err := w.Write(text)
		return err
	}
	for _, name := range []string{"etc/", "etc/ssl/", "etc/ssl/certs/", "usr/", "usr/bin/", "usr/share/", "usr/share/doc/", "usr/share/doc/gnista/", "var/", "var/lib/"} {
		if err := folder(name, 0o755, 0); err != nil {
			return err
		}
	}
	if err := folder("tmp/", 0o1777, 0); err != nil {
		return err
	}
	if err := folder("var/lib/gnista/", 0o700, uid); err != nil {
		return err
	}
	for _, f := range []struct{ name, text string }{
		{"etc/passwd", fmt.Sprintf("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:%d:%d:nonroot:/var/lib/gnista:/sbin/nologin\n", uid, uid)},
		{"etc/group", fmt.Sprintf("root:x:0:\nnonroot:x:%d:\n", uid)},
	} {
		if err := file(f.name, 0o644, []byte(f.text)); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		from, name string
		mode       int64
	}{
		{i.certificates, "etc/ssl/certs/ca-certificates.crt", 0o644},
		{i.licence, "usr/share/doc/gnista/copyright", 0o644},
		{i.binary, "usr/bin/gnista", 0o755},
	} {
		text, err := os.ReadFile(f.from)
		if err == nil {
			err = file(f.name, f.mode, text)
		}
		if err != nil {
			return err
		}
	}
	return w.Close()
}

// runs says why the program would not run in an image that has nothing but it.
func (i image) runs() error {
	f, err := elf.Open(i.binary)
	if err != nil {
		return err
	}
	defer f.Close()
	if machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[i.arch]; machine != f.Machine {
		return fmt.Errorf("%s is for %s, and not for %s", i.binary, f.Machine, i.arch)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%s needs libraries of the machine; build it with CGO_ENABLED=0, as make build does", i.binary)
		}
	}
	return nil
}

func (i image) write(out string) error {
	if err := i.runs(); err != nil {
		return err
	}
	whole := sha256.New()
	var layer bytes.Buffer
	packed := gzip.NewWriter(&layer)
	if err := i.root(io.MultiWriter(whole, packed)); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	config, err := json.Marshal(i.config(fmt.Sprintf("sha256:%x", whole.Sum(nil))))
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": described("application/vnd.oci.image.config.v1+json", config),
		"layers": []any{described("application/vnd.oci.image.layer.v1.tar+gzip", layer.Bytes())},
	})
	if err != nil {
		return err
	}
	entry := described("application/vnd.oci.image.manifest.v1+json", manifest)
	entry["annotations"] = map[string]string{"io.containerd.image.name": "docker.io/library/gnista:" + i.version, "org.opencontainers.image.ref.name": i.version}
	entry["platform"] = map[string]string{"os": "linux", "architecture": i.arch}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []any{entry}})
	if err != nil {
		return err
	}
	saved, err := json.Marshal([]any{map[string]any{"Config": blob(config), "RepoTags": []string{"gnista:" + i.version}, "Layers": []string{blob(layer.Bytes())}}})
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	w := tar.NewWriter(f)
	for _, x := range []struct {
		name string
		text []byte
	}{
		{"oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)}, {"index.json", index}, {"manifest.json", saved},
		{blob(manifest), manifest}, {blob(config), config}, {blob(layer.Bytes()), layer.Bytes()},
	} {
		err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: x.name, Mode: 0o644, Size: int64(len(x.text)), ModTime: i.made})
		if err == nil {
			_, err = w.Write(x.text)
		}
		if err != nil {
			f.Close()
			return err
		}
	}
	if err := w.Close(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	fmt.Printf("%s: gnista:%s, sha256:%x\n", out, i.version, sha256.Sum256(manifest))
	return nil
}

// described is how OCI speaks of some bytes.
func described(kind string, b []byte) map[string]any {
	return map[string]any{"mediaType": kind, "digest": fmt.Sprintf("sha256:%x", sha256.Sum256(b)), "size": len(b)}
}

// blob is the name of some bytes in the archive.
func blob(b []byte) string { return fmt.Sprintf("blobs/sha256/%x", sha256.Sum256(b)) }
