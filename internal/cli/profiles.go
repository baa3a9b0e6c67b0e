package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/buildinfo"
)

// Kinds of credentials in a profile.
const (
	kindToken = "token"
	kindKey   = "key"
)

// profile is a service and who acts there.
type profile struct {
	URL       string `json:"url"`
	AllowHTTP bool   `json:"allow_http,omitempty"`
	Kind      string `json:"kind"` // token or key
	Secret    string `json:"secret"`
	TokenID   string `json:"token_id,omitempty"` // of a token that login created

	name string // "" if it comes from the environment
}

// described names the credential without its secret.
func (p profile) described() string {
	if p.name == "" {
		return "the " + p.Kind + " in the environment"
	}
	return fmt.Sprintf("the %s of profile %s", p.Kind, p.name)
}

func (p profile) credential() client.Credential {
	if p.Kind == kindKey {
		return client.APIKey(p.Secret)
	}
	return client.UserToken(p.Secret)
}

func (p profile) client(timeout time.Duration) (*client.Client, error) {
	c, err := client.New(client.Config{
		URL: p.URL, AllowHTTP: p.AllowHTTP, Credential: p.credential(), Timeout: timeout, VerifyTimeout: timeout,
		UserAgent: "latchkey-cli/" + buildinfo.Current().Version,
	})
	if err != nil {
		return nil, wrongURL(err)
	}
	return c, nil
}

// wrongURL says what is wrong with an address in the words of the command line.
func wrongURL(err error) error {
	return Usagef("%s", strings.NewReplacer("latchkey: ", "", "Config.URL", "the URL", "set AllowHTTP", "add --allow-http to latchkey login",
		"Config.Credential", "a profile").Replace(err.Error()))
}

// profiles are all profiles of a person, in a file that only they can read.
type profiles struct {
	Current  string             `json:"current"`
	Profiles map[string]profile `json:"profiles"`

	path string
}

// profile returns the one that the flags and the environment choose.
func (a *app) profile() (profile, error) {
	if p, ok, err := a.environmentProfile(); ok || err != nil {
		return p, err
	}
	all, err := a.profiles()
	if err != nil {
		return profile{}, err
	}
	name := a.chosen(all.Current)
	p, ok := all.Profiles[name]
	switch {
	case ok:
		p.name = name
		return p, nil
	case len(all.Profiles) == 0:
		return profile{}, Usagef("nobody is signed in: run latchkey login URL, or set LATCHKEY_URL with LATCHKEY_TOKEN or LATCHKEY_API_KEY")
	case name == "":
		return profile{}, Usagef("no profile is chosen: add --profile NAME; latchkey profiles lists them")
	default:
		return profile{}, Usagef("there is no profile %q; latchkey profiles lists them", name)
	}
}

// chosen returns the name of the profile to use.
func (a *app) chosen(otherwise string) string {
	for _, name := range []string{a.options.profile, a.variable(variableProfile)} {
		if name != "" {
			return name
		}
	}
	return otherwise
}

// environmentProfile returns what the environment describes, for scripts without a file.
// --profile goes before it.
func (a *app) environmentProfile() (profile, bool, error) {
	p := profile{URL: a.variable(variableURL), Kind: kindToken, Secret: a.variable(variableToken)}
	key := a.variable(variableKey)
	switch {
	case a.options.profile != "" || p.Secret == "" && key == "":
		return profile{}, false, nil
	case p.URL == "":
		return profile{}, false, Usagef("LATCHKEY_URL is not set: it says which service the credential in the environment is for")
	case p.Secret != "" && key != "":
		return profile{}, false, Usagef("LATCHKEY_TOKEN and LATCHKEY_API_KEY are both set: unset one")
	case key != "":
		p.Kind, p.Secret = kindKey, key
	}
	return p, true, nil
}

// profilesPath is XDG_CONFIG_HOME or what the operating system has for it.
func profilesPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for profiles: %w", err)
	}
	return filepath.Join(dir, "latchkey", "profiles.json"), nil
}

const readByOthers = 0o077

// profiles reads the file. None is like an empty one.
func (a *app) profiles() (all profiles, err error) {
	all = profiles{Profiles: map[string]profile{}}
	if all.path, err = profilesPath(); err != nil {
		return all, err
	}
	info, err := os.Stat(all.path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, fmt.Errorf("read profiles: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode()&readByOthers != 0 {
		return all, fmt.Errorf("others can read %s, which holds secrets: run chmod 600 on it, and sign in anew if somebody did", all.path)
	}
	text, err := os.ReadFile(all.path)
	if err != nil {
		return all, fmt.Errorf("read profiles: %w", err)
	}
	if err := json.Unmarshal(text, &all); err != nil || all.Profiles == nil {
		// The error of encoding/json may quote the file.
		return all, fmt.Errorf("%s is not a file of profiles: remove it and sign in again", all.path)
	}
	return all, nil
}

// save replaces the file.
func (p profiles) save() error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return fmt.Errorf("save the profile: %w", err)
	}
	f, err := newSecretFile(p.path)
	if err != nil {
		return fmt.Errorf("save the profile: %w", err)
	}
	if err := f.commit(append(text, '\n')); err != nil {
		return fmt.Errorf("save the profile: %w", err)
	}
	return nil
}

var profileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

func (a *app) profilesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profiles",
		Short: "List where you are signed in",
		Args:  Needs(),
		RunE: func(*cobra.Command, []string) error {
			all, err := a.profiles()
			if err != nil {
				return err
			}
			var list []namedProfile
			for _, name := range slices.Sorted(maps.Keys(all.Profiles)) {
				p := all.Profiles[name]
				list = append(list, namedProfile{Name: name, URL: p.URL, Kind: p.Kind, Current: name == all.Current})
			}
			return printAll(a, profileView, each(list))
		},
	}
	cmd.AddCommand(a.useCommand())
	return cmd
}

// namedProfile is what is shown of a profile.
type namedProfile struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Kind    string `json:"kind"`
	Current bool   `json:"current"`
}

var profileView = view[namedProfile]{
	id: func(p *namedProfile) string { return p.Name },
	columns: []column[namedProfile]{
		{"name", func(p *namedProfile) any { return p.Name }},
		{"url", func(p *namedProfile) any { return p.URL }},
		{"credential", func(p *namedProfile) any { return p.Kind }},
		{"current", func(p *namedProfile) any { return p.Current }},
	},
}

func (a *app) useCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "use NAME",
		Short:             "Use the profile from now on",
		Args:              Needs("NAME"),
		ValidArgsFunction: a.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := a.profiles()
			if err != nil {
				return err
			}
			if _, ok := all.Profiles[args[0]]; !ok {
				return Usagef("there is no profile %q; latchkey profiles lists them", args[0])
			}
			all.Current = args[0]
			return all.save()
		},
	}
}

func (a *app) completeProfiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, err := a.profiles()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return slices.Sorted(maps.Keys(all.Profiles)), cobra.ShellCompDirectiveNoFileComp
}
