// A SOPInstanceUID that two patients use must not make them one: an image is named within its patient.
DROP CONSTRAINT image_key IF EXISTS;
CREATE CONSTRAINT image_key IF NOT EXISTS FOR (n:Image) REQUIRE n.imageKey IS UNIQUE;
