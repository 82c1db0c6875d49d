-- From version 2 to 3: a store can move to another place. What moves lets nobody in, and a build that does not
-- look for it there would.
ALTER TABLE store ADD COLUMN moving TEXT;
