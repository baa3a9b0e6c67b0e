-- The last transfer of a service account, as an object instead of an array.
UPDATE service_accounts SET move = json_object('from', move ->> 0, 'at', CAST(move ->> 1 AS INTEGER), 'by', json_object('kind', move ->> 2,
	'id', move ->> 3, 'name', move ->> 4, 'key_id', move ->> 5), 'owner_id', coalesce(move ->> 6, '')) WHERE move IS NOT NULL;
