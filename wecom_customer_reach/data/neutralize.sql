-- A copy of the database must neither send to customers nor read from WeCom, nor take callbacks meant for the original.
-- Odoo itself switches the scheduled actions off. The address answers nowhere (RFC 2606), so that a secret that is
-- entered again goes nowhere either, until somebody enters the address of a sandbox.
UPDATE wecom_corp
   SET secret = NULL,
       active = FALSE,
       base_url = 'https://neutralized.invalid',
       callback_key = replace(gen_random_uuid()::text, '-', ''),
       callback_token = NULL,
       callback_aes_key = NULL,
       callback_verified_at = NULL,
       connection_state = 'unchecked',
       connection_message = NULL,
       connection_checked_at = NULL;
DELETE FROM wecom_access_token;
INSERT INTO wecom_access_token (corp_id) SELECT id FROM wecom_corp;
UPDATE wecom_setup_check
   SET state = 'unchecked', checked_at = NULL, lines = NULL, blocked_by = NULL, errcode = NULL, answer = NULL,
       address = NULL;
UPDATE wecom_sync SET state = 'cancelled' WHERE state = 'running';
UPDATE wecom_tag_marking SET state = 'cancelled' WHERE state = 'running';
