-- A copy of the database must neither send to customers nor read from WeCom.
UPDATE wecom_corp SET secret = NULL, active = FALSE, connection_state = 'unchecked', connection_message = NULL;
DELETE FROM wecom_access_token;
INSERT INTO wecom_access_token (corp_id) SELECT id FROM wecom_corp;
UPDATE wecom_sync SET state = 'cancelled' WHERE state = 'running';
