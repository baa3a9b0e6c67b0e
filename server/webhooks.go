package server

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/webhooks"
)

// webhookSettings configure what webhooks may connect to.
func webhookSettings() []setting {
	return []setting{
		{
			name: "WEBHOOK_NETWORKS",
			meaning: "networks that webhooks may connect to although they are not public, such as 10.1.0.0/16, separated by commas: for " +
				"targets in a closed network, there also by http; whoever may create webhooks can send requests to these networks",
			set: func(c *config, v string) (err error) {
				c.webhookNetworks, err = networks(v)
				return err
			},
		},
	}
}

// cleanWebhooks deletes deliveries that are too old or too many, some at a time.
func cleanWebhooks(s *webhooks.Service) func(context.Context, time.Time) (int, error) {
	after := ""
	return func(ctx context.Context, _ time.Time) (int, error) {
		next, err := s.Clean(ctx, after)
		if after = next; err != nil || next == "" {
			return 0, err
		}
		return webhooks.CleanBatch, nil
	}
}
