// Command latchkey issues API keys for third-party integrations and verifies
// them: the service, its portal and the commands to look after it.
package main

import (
	"os"

	"github.com/latchkey/latchkey/server"
)

func main() { os.Exit(server.Main()) }
