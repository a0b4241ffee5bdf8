DROP INDEX sightings_report_id;
