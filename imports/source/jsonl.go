package source

var jsonlFormat = Format{
	Name: "jsonl", About: "Latchkey's own columns as JSON Lines or a JSON list",
	start: func() reader { return ownReader{} },
}
