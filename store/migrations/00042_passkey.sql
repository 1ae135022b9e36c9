-- Passkeys of users: what their devices prove with who they are.

-- +goose Up

CREATE TABLE app_passkey (
    id         TEXT PRIMARY KEY, -- of the credential, base64url
    app_user   TEXT NOT NULL,
    name       TEXT NOT NULL,
    host       TEXT NOT NULL, -- name under which it holds
    credential TEXT NOT NULL, -- JSON, with the public key
    count      BIGINT NOT NULL, -- signatures that the device has counted
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    cloned_at  BIGINT NOT NULL
);
CREATE INDEX app_passkey_user ON app_passkey (app_user, created_at);
