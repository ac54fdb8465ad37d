-- oldest code: 2

-- Payments whose outcome nobody knows are counted at every scrape. There are few; without this it would read them all.
CREATE INDEX payments_unknown ON payments (updated_at) WHERE status = 'unknown';
