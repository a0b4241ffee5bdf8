-- What persons marked as missed goes: export it before (vlmkg reviews export --missed).
DROP TABLE missed_findings;
