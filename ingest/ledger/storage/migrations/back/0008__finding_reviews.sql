-- What persons said of findings goes: export it before (vlmkg reviews export).
DROP TABLE finding_reviews;
