package mongo

// OpenMonitored is Open for a test that reads every command.
var OpenMonitored = open

// BehindRouter has the store take its server for a router of a sharded cluster.
func (s *Store) BehindRouter() { s.sharded = true }
