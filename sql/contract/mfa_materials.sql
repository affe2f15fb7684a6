-- mfa_materials
--
-- How-tos and one-pagers.
--
-- @optional
-- @key     material_id
-- @grain   one row per document and language
-- @loads   create table mfa_materials as from read_csv('materials.csv')
-- @column  material_id VARCHAR     Id of the document
-- @column  title       VARCHAR     Title
-- @column  kind        VARCHAR     how_to, one_pager, video, faq or runbook
-- @column  method      VARCHAR     Canonical method it explains; NULL is general
-- @column  platform    VARCHAR     Operating system or device it is for
-- @column  language    VARCHAR     Language code
-- @column  audience    VARCHAR     Audience it was written for
-- @column  url         VARCHAR     Where it is
-- @column  updated_at  TIMESTAMPTZ When it was last changed

create table mfa_materials (
    material_id VARCHAR,
    title VARCHAR,
    kind VARCHAR,
    method VARCHAR,
    platform VARCHAR,
    language VARCHAR,
    audience VARCHAR,
    url VARCHAR,
    updated_at TIMESTAMPTZ
);
