-- How customers are asked to pay, while they are; sealed, as who knows it may pay and it may name a phone.

-- +goose Up

CREATE TABLE payment_asked (
    payment TEXT PRIMARY KEY,
    opening TEXT NOT NULL,
    action  TEXT NOT NULL
);

-- +goose Down
SELECT 1;
