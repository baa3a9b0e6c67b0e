package demo

import "github.com/latchkey/latchkey/auth"

type company struct {
	name, id string
	people   []person
}

type person struct {
	email, name string
	role        auth.Role
}

func companies() []company {
	return []company{
		{name: "Northwind Traders", people: []person{
			{"ada@northwind.example", "Ada Lindqvist", auth.Owner},
			{"ben@northwind.example", "Ben Okafor", auth.Developer},
			{"vera@northwind.example", "Vera Novak", auth.Viewer},
		}},
		{name: "Contoso Logistics", people: []person{
			{"carla@contoso.example", "Carla Reyes", auth.Owner},
			{"dmitri@contoso.example", "Dmitri Weiss", auth.Developer},
		}},
		{name: "Blue Heron Analytics", people: []person{
			{"erin@blueheron.example", "Erin Walsh", auth.Owner},
		}},
	}
}

type described struct{ name, about string }

func catalogue() []described {
	return []described{
		{"customers:read", "List and read customers"},
		{"customers:write", "Create and change customers"},
		{"invoices:read", "List and read invoices"},
		{"invoices:write", "Create and change invoices"},
		{"invoices:send", "Send invoices by mail"},
		{"orders:read", "List and read orders"},
		{"orders:write", "Create, change and cancel orders"},
		{"payments:read", "List and read payments"},
		{"payments:refund", "Refund payments"},
		{"products:read", "Read the product catalogue"},
		{"products:write", "Change the product catalogue"},
		{"reports:read", "Read reports"},
		{"shipments:read", "Track shipments"},
		{"shipments:write", "Book and cancel shipments"},
		{"webhooks:manage", "Register and remove webhooks"},
	}
}

func integrations() []described {
	return []described{
		{"Nightly sync", "Copies invoices and customers into the ERP every night"},
		{"Webshop", "Reads products and prices, places orders"},
		{"Warehouse", "Books shipments as orders are packed"},
		{"Mobile app backend", "Serves the iOS and Android apps"},
		{"Reporting", "Fills the data warehouse"},
		{"Payment reconciliation", "Matches payments with bank statements"},
		{"CRM connector", "Keeps customers in step with the CRM"},
		{"Support desk", "Shows orders and invoices beside tickets"},
		{"Partner portal", "What partners see of their orders"},
		{"Price monitor", "Watches the catalogue for changes"},
		{"Returns service", "Refunds what comes back"},
		{"Courier gateway", "Hands labels to couriers"},
		{"Fraud checks", "Looks at new orders before they ship"},
		{"Newsletter", "Reads customers who agreed to mail"},
	}
}

// grants are the scopes of service accounts.
func grants() [][]string {
	return [][]string{
		{"customers:read", "invoices:read", "invoices:write"},
		{"orders:read", "orders:write", "products:read"},
		{"orders:read", "shipments:read", "shipments:write"},
		{"customers:read", "orders:*", "products:read", "payments:read"},
		{"customers:read", "invoices:read", "orders:read", "reports:read"},
		{"invoices:read", "payments:read", "payments:refund"},
		{"customers:read", "customers:write", "webhooks:manage"},
	}
}

func keyNames() []described {
	return []described{
		{"Production", "Kubernetes secret sync/api-key in cluster eu-1"},
		{"Staging", "Kubernetes secret sync/api-key in cluster staging"},
		{"CI", "GitHub Actions secret LATCHKEY_KEY"},
		{"Worker", "HashiCorp Vault at kv/integrations/worker"},
		{"Backup job", "systemd credential on backup-2"},
		{"Partner", "handed over to the partner by 1Password"},
		{"Laptop", "the developer's keychain"},
		{"Lambda", "AWS Secrets Manager integrations/lambda"},
		{"Cron", "/etc/cron.d on app-3"},
		{"Load test", "GitLab variable of the load tests"},
		{"Edge", "Cloudflare Workers secret"},
	}
}

func agents() []string {
	return []string{"python-requests/2.32.3", "Go-http-client/2.0", "axios/1.7.7", "okhttp/4.12.0", "GuzzleHttp/7", "curl/8.9.1"}
}
