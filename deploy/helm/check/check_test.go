package check

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// everything turns on what the chart has.
func everything() values {
	return with(values{
		"redis": values{"existingSecret": "redis"}, "admin": values{"existingSecret": "admin"}, "smtp": values{"existingSecret": "smtp"},
		"tls": values{"existingSecret": "tls"}, "settings": values{"LATCHKEY_TRUSTED_PROXIES": "10.0.0.0/8", "LATCHKEY_CACHE_SIZE": 200000},
		"ingress":     values{"enabled": true, "className": "nginx", "tlsSecret": "keys-example-com"},
		"grpc":        values{"enabled": true},
		"metrics":     values{"serviceMonitor": values{"enabled": true, "labels": values{"release": "prometheus"}}},
		"autoscaling": values{"enabled": true},
		"edge":        values{"enabled": true, "existingSecret": "edge"},
		"podLabels":   values{"team": "keys"}, "podAnnotations": values{"a": "b"}, "imagePullSecrets": []any{values{"name": "pull"}},
		"extraEnv": []any{values{"name": "LATCHKEY_OIDC_OKTA_CLIENT_SECRET", "valueFrom": values{
			"secretKeyRef": values{"name": "okta", "key": "secret"},
		}}},
	})
}

func sqlite() values {
	return values{"url": "http://keys.internal", "database": values{"sqlite": values{"enabled": true, "storageClass": "fast"}}}
}

func TestChartIsLinted(t *testing.T) {
	for name, v := range map[string]values{"small": small(), "everything": everything(), "sqlite": sqlite()} {
		for _, m := range lint.RunAll(chart, v, "default").Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("%s: %v", name, m)
			}
		}
	}
}

// Pods have no more rights than they need, and updates refuse nothing.
func TestPods(t *testing.T) {
	for name, v := range map[string]values{"small": small(), "everything": everything(), "sqlite": sqlite()} {
		manifests, err := render(t, v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all := objects(t, manifests)
		for pod, template := range pods(all) {
			checkPod(t, name+"/"+pod, template.Spec)
		}
		for _, d := range found[*apps.Deployment](all) {
			if rolling := d.Spec.Strategy.RollingUpdate; name != "sqlite" && rolling.MaxUnavailable.IntValue() != 0 {
				t.Errorf("%s: %s may be unavailable while it is updated", name, rolling.MaxUnavailable)
			}
			if name == "sqlite" && (d.Spec.Strategy.Type != apps.RecreateDeploymentStrategyType || *d.Spec.Replicas != 1) {
				t.Errorf("two nodes may have the file at the same time: %v", d.Spec.Strategy)
			}
		}
	}
}

func checkPod(t *testing.T, name string, spec core.PodSpec) {
	t.Helper()
	s := spec.SecurityContext
	if !*s.RunAsNonRoot || s.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault || *spec.AutomountServiceAccountToken {
		t.Errorf("%s has rights that it does not need: %v", name, s)
	}
	c := spec.Containers[0]
	own := c.SecurityContext
	if !*own.ReadOnlyRootFilesystem || *own.AllowPrivilegeEscalation || !*own.RunAsNonRoot || own.Capabilities.Drop[0] != "ALL" {
		t.Errorf("%s has rights that it does not need: %v", name, own)
	}
	if c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Errorf("%s is probed at %v and %v", name, c.LivenessProbe.HTTPGet, c.ReadinessProbe.HTTPGet)
	}
	if stop := c.Lifecycle.PreStop.Sleep.Seconds; stop < 1 || *spec.TerminationGracePeriodSeconds < stop+30 {
		t.Errorf("%s stops after %d s and has %d", name, stop, *spec.TerminationGracePeriodSeconds)
	}
	for _, e := range c.Env {
		if e.Value != "" && secret.MatchString(e.Name) && !strings.HasPrefix(e.Value, "sqlite:") && !strings.HasPrefix(e.Value, "/tls/") {
			t.Errorf("%s has %s in its manifest", name, e.Name)
		}
	}
}

var secret = regexp.MustCompile(`SECRET|PASSWORD|KEY$|DATABASE_URL|REDIS_URL|SMTP_URL`)

// What a chart sets is a setting.
func TestSettingsAreKnown(t *testing.T) {
	known, err := os.ReadFile("../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := render(t, everything())
	if err != nil {
		t.Fatal(err)
	}
	for pod, template := range pods(objects(t, manifests)) {
		for _, e := range template.Spec.Containers[0].Env {
			edge := strings.HasPrefix(e.Name, "LATCHKEY_EDGE_") && strings.HasSuffix(pod, "-edge")
			provider := strings.HasPrefix(e.Name, "LATCHKEY_OIDC_")
			if strings.HasPrefix(e.Name, "LATCHKEY_") && !edge && !provider && !bytes.Contains(known, []byte("  "+e.Name+" ")) {
				t.Errorf("%s sets %s, which docs/configuration.md does not have", pod, e.Name)
			}
		}
	}
}

func TestEverythingIsRendered(t *testing.T) {
	manifests, err := render(t, everything())
	if err != nil {
		t.Fatal(err)
	}
	all := objects(t, manifests)
	if n := len(found[*apps.DaemonSet](all)) + len(found[*networking.Ingress](all)) + len(found[*autoscaling.HorizontalPodAutoscaler](all)) +
		len(found[*policy.PodDisruptionBudget](all)) + len(found[*monitoring.ServiceMonitor](all)); n != 5 {
		t.Errorf("%d of 5 are rendered", n)
	}
	if d := found[*apps.Deployment](all)[0]; d.Spec.Replicas != nil {
		t.Error("the Deployment resets what the autoscaler has set")
	}
	if rule := found[*networking.Ingress](all)[0].Spec.Rules[0]; rule.Host != "keys.example.com" {
		t.Errorf("the host is %s", rule.Host)
	}
	for _, s := range found[*core.Service](all) {
		for _, p := range s.Spec.Ports {
			if p.Name == "metrics" && s.Spec.ClusterIP != "None" {
				t.Errorf("%s has the port of metrics, profiles included", s.Name)
			}
		}
	}
}

// What cannot work is refused, and the message says what to set.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		v    values
		says string
	}{
		{values{}, "set url"},
		{values{"url": "https://keys.example.com"}, "set database.existingSecret"},
		{values{"url": "https://keys.example.com", "database": values{"existingSecret": "x"}}, "set secret.existingSecret"},
		{with(values{"database": values{"sqlite": values{"enabled": true}}}), "not both"},
		{merge(sqlite(), values{"autoscaling": values{"enabled": true}}), "single node"},
		{with(values{"edge": values{"enabled": true}}), "set edge.existingSecret"},
		{with(values{"url": "http://keys", "edge": values{"enabled": true, "existingSecret": "x"}}), "https only"},
		{with(values{"ingress": values{"enabled": true}}), "set ingress.tlsSecret"},
		{with(values{"url": "keys.example.com"}), "url"},
		{with(values{"replicaCount": 0}), "replicaCount"},
		{with(values{"settings": values{"ADDR": "x"}}), "ADDR"},
		{with(values{"image": values{"digest": "latest"}}), "digest"},
		{with(values{"replicas": 3}), "replicas"},
		{with(values{"preStopSeconds": 0}), "preStopSeconds"},
	} {
		if _, err := render(t, tt.v); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%v: %v, want %s", tt.v, err, tt.says)
		}
	}
}

// The plain manifests are what the chart makes.
func TestManifests(t *testing.T) {
	const folder = "../../kubernetes/"
	for file, v := range map[string]values{
		"nodes.yaml": with(values{
			"redis": values{"existingSecret": "latchkey"}, "ingress": values{"enabled": true, "tlsSecret": "latchkey-tls"},
		}),
		"edges.yaml": with(values{"edge": values{"enabled": true, "existingSecret": "latchkey-edge"}}),
	} {
		manifests, err := render(t, v)
		if err != nil {
			t.Fatal(err)
		}
		if file == "edges.yaml" {
			manifests = map[string]string{
				"account": manifests["latchkey/templates/serviceaccount.yaml"], "edge": manifests["latchkey/templates/edge.yaml"],
			}
		}
		want := plain(manifests)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(folder+file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(folder + file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the chart makes; if that is meant: UPDATE_GOLDEN=yes make helm", file)
		}
	}
	sidecar, err := os.ReadFile(folder + "sidecar.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects(t, map[string]string{"sidecar": string(sidecar)})
}
