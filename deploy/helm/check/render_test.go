package check

import (
	"bytes"
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

const chart = "../latchkey"

// values of a chart.
type values = map[string]any

// small is what an installation needs at least.
func small() values {
	return values{
		"url":      "https://keys.example.com",
		"database": values{"existingSecret": "latchkey"},
		"secret":   values{"existingSecret": "latchkey"},
	}
}

// with returns small with more.
func with(more values) values { return merge(small(), more) }

func merge(a, b values) values {
	out := maps.Clone(a)
	for k, v := range b {
		if inner, ok := v.(values); ok {
			if was, ok := out[k].(values); ok {
				v = merge(was, inner)
			}
		}
		out[k] = v
	}
	return out
}

// render returns the manifests of a release.
func render(t *testing.T, v values) (map[string]string, error) {
	t.Helper()
	c, err := loader.LoadDir(chart)
	if err != nil {
		t.Fatal(err)
	}
	release := common.ReleaseOptions{Name: "latchkey", Namespace: "default", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(c, v, release, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, all)
}

// objects decodes manifests, and refuses members that Kubernetes does not have.
func objects(t *testing.T, manifests map[string]string) (all []runtime.Object) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		if filepath.Base(name) == "NOTES.txt" {
			continue
		}
		for document := range strings.SplitSeq(manifests[name], "\n---\n") {
			if strings.TrimSpace(document) == "" {
				continue
			}
			o, _, err := decoder(t).Decode([]byte(document), nil, nil)
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, document)
			}
			all = append(all, o)
		}
	}
	return all
}

func decoder(t *testing.T) runtime.Decoder {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, core.AddToScheme, networking.AddToScheme, autoscaling.AddToScheme, policy.AddToScheme, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
}

// found returns the objects of a type.
func found[T runtime.Object](all []runtime.Object) (some []T) {
	for _, o := range all {
		if o, ok := o.(T); ok {
			some = append(some, o)
		}
	}
	return some
}

// pods returns the templates of pods, by name.
func pods(all []runtime.Object) map[string]core.PodTemplateSpec {
	out := map[string]core.PodTemplateSpec{}
	for _, d := range found[*apps.Deployment](all) {
		out[d.Name] = d.Spec.Template
	}
	for _, d := range found[*apps.DaemonSet](all) {
		out[d.Name] = d.Spec.Template
	}
	return out
}

// plain joins manifests without what only Helm needs.
func plain(manifests map[string]string) []byte {
	var b bytes.Buffer
	for _, name := range slices.SortedFunc(maps.Keys(manifests), func(x, y string) int { return cmp.Compare(x, y) }) {
		text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(manifests[name]), "---"))
		if filepath.Base(name) == "NOTES.txt" || text == "" {
			continue
		}
		b.WriteString("---\n")
		for line := range strings.Lines(text + "\n") {
			if !strings.Contains(line, "helm.sh/chart:") && !strings.Contains(line, "app.kubernetes.io/managed-by:") {
				b.WriteString(strings.TrimRight(line, " \n") + "\n")
			}
		}
	}
	return b.Bytes()
}
