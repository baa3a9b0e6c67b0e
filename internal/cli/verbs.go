package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/client"
)

// getter reads an object.
type getter[T any] func(ctx context.Context, id string) (T, error)

// updater changes an object.
type updater[T, P any] func(ctx context.Context, id string, in P, opts ...client.Option) (T, error)

// deleter removes an object.
type deleter func(ctx context.Context, id string, opts ...client.Option) error

// shownOr prints the object unless there is an error.
func shownOr[T any](a *app, v view[T], item T, err error) error {
	if err != nil {
		return err
	}
	return printOne(a, v, item)
}

// onOne returns a command that does something with one object and shows it.
func onOne[T any](a *app, use, short string, v view[T], do func(context.Context, *client.Client, string) (T, error)) *cobra.Command {
	_, argument, _ := strings.Cut(use, " ")
	return &cobra.Command{
		Use: use, Short: short, Args: Needs(argument),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			item, err := do(ctx, c, args[0])
			return shownOr(a, v, item, err)
		}),
	}
}

func getVerb[T any](a *app, argument, short string, v view[T], get func(*client.Client) getter[T]) *cobra.Command {
	return onOne(a, "get "+argument, short, v, func(ctx context.Context, c *client.Client, id string) (T, error) { return get(c)(ctx, id) })
}

func updateVerb[T, P any](
	a *app, argument, short string, v view[T], fields []field, update func(*client.Client) updater[T, P],
) *cobra.Command {
	cmd := &cobra.Command{Use: "update " + argument, Short: short, Args: Needs(argument)}
	addFields(cmd, fields)
	cmd.RunE = a.run(func(ctx context.Context, c *client.Client, args []string) error {
		var in P
		if err := a.patch(cmd, fields, &in); err != nil {
			return err
		}
		item, err := update(c)(ctx, args[0], in)
		return shownOr(a, v, item, err)
	})
	return cmd
}

// deleteVerb asks first; with tells what goes with the object.
func deleteVerb(a *app, argument, short, with string, remove func(*client.Client) deleter) *cobra.Command {
	return &cobra.Command{
		Use: "delete " + argument, Short: short, Args: Needs(argument),
		RunE: a.run(func(ctx context.Context, c *client.Client, args []string) error {
			if err := a.confirm(ctx, "%s", strings.TrimSpace("Delete "+args[0]+" "+with)); err != nil {
				return err
			}
			return remove(c)(ctx, args[0])
		}),
	}
}
