/** Every operation of the page. Each can be pasted into GraphiQL. Fields that a role may not see are left out by variables. */

const PAGE = "pageInfo { hasNextPage endCursor }";
const ALL = "presence: [PRESENT, UNCERTAIN, ABSENT]";
const ANY_REVIEW = "review: [UNREVIEWED, CONFIRMED, REJECTED, CONTESTED, UNDECIDED]";
const PATIENT = "patient { patientId sex birthYear }";

export const CALLER = "query Caller { caller { name role rights } }";

export const CONCEPTS = `query Concepts($search: String!) {
  concepts(search: $search, first: 12) { code name system synonyms }
}`;

export const CONCEPT = "query Concept($code: String!) { concept(code: $code) { code name } }";

const STUDY_ROW = `studyKey modality bodyPart startedAt pairing ${PATIENT}
  extraction { warnings outOfDomain }
  findings(first: 24, where: { ${ALL} }) {
    edges { node { id text presence laterality disputed concept { code name } } } ${PAGE}
  }`;

export const STUDIES = `query Studies($where: StudyWhere, $after: String, $order: StudyOrder!) {
  studies(first: 40, after: $after, where: $where, order: $order) { edges { node { ${STUDY_ROW} } } ${PAGE} }
}`;

export const STUDY_COUNT = `query StudyCount($where: StudyWhere) {
  studies(first: 1, where: $where) { totalCount }
}`;

const REVIEWS = "review reviews { reviewer at verdict presence mayRead holds note @include(if: $texts) }";

/** Without what people say of it: a reviewer must not see the verdicts of others. */
const BLIND_FINDING = `id text presence laterality severity score witness disputed otherPresence
  concept { code name system } span { start end section }`;

const FINDING = `${BLIND_FINDING} ${REVIEWS}`;

/** Three root fields, so that the server works on the three parts at once. */
export const STUDY = `query Study($key: String!, $texts: Boolean!, $identifiers: Boolean!) {
  study(studyKey: $key) {
    studyKey accession modality bodyPart startedAt pairing ${PATIENT}
    studyUid @include(if: $identifiers)
    reports { reportKey reportId version status current issuedAt text @include(if: $texts) setAside { start end reason } }
    images { view rows columns sopInstanceUid @include(if: $identifiers) }
    extraction {
      engine checkpoint checkpointDigest engineDigest modalities warnings outOfDomain createdAt
      agreement { mentionsBoth mentionsModel mentionsRules disputed }
    }
  }
  read: study(studyKey: $key) {
    mentions {
      mentionId kind text presence isFinding score witness disputed otherPresence reportKey
      span { start end section } concept { code name } relations { type target score witness }
    }
  }
  judged: study(studyKey: $key) {
    findings(first: 200, where: { ${ALL}, ${ANY_REVIEW} }) {
      edges { node { ${FINDING} report { reportKey } } } ${PAGE}
    }
  }
}`;

export const FILM = `query Film($study: String!, $image: String!, $side: Int!, $center: Float, $width: Float) {
  film(studyKey: $study, sopInstanceUid: $image, maxSide: $side, encoding: PNG, windowCenter: $center, windowWidth: $width) {
    mediaType base64 rows columns shownRows shownColumns levels { least greatest windowCenter windowWidth inverted }
  }
}`;

export const PATIENT_TIMELINE = `query PatientTimeline($id: String!, $texts: Boolean!) {
  patient(patientId: $id) {
    patientId sex birthYear
    studies(first: 60) {
      edges { node {
        studyKey modality bodyPart startedAt pairing
        reports { reportKey reportId version status current issuedAt text @include(if: $texts) }
        findings(first: 60, where: { ${ALL} }) {
          edges { node { id text presence laterality disputed concept { code name } span { start end }
            report { reportKey } } } ${PAGE}
        }
      } } ${PAGE}
    }
  }
}`;

export const REVIEW_QUEUE = `query ReviewQueue($where: FindingWhere, $after: String, $texts: Boolean!) {
  findings(first: 50, after: $after, where: $where) {
    totalCount
    edges { node { ${BLIND_FINDING} reviewedByMe
      report { reportKey version status text @include(if: $texts) }
      study { studyKey modality startedAt }
    } } ${PAGE}
  }
}`;

export const AGREEMENT = `query Agreement {
  reviewAgreement { statements twice reviewers { name statements } pairs { one other both agreed kappa } }
}`;

export const REVIEW = `mutation Review($id: ID!, $verdict: ReviewVerdict!, $presence: Presence, $note: String, $texts: Boolean!) {
  reviewFinding(id: $id, verdict: $verdict, presence: $presence, note: $note) { finding { id ${REVIEWS} } }
}`;

const MISSED = "missedId reviewer at reportKey start end text presence conceptCode conceptName relation { type start end text } note";

/** What can be marked as missed is related to what was read, and stands beside what others have marked. */
export const MARKING = `query Marking($key: String!) {
  study(studyKey: $key) { mentions { mentionId text kind reportKey span { start end } } }
  missedFindings(studyKey: $key) { ${MISSED} }
}`;

export const MARK_MISSED = `mutation MarkMissed($input: MissedFindingInput!) { markMissed(input: $input) { ${MISSED} } }`;

export const WITHDRAW_MISSED = "mutation WithdrawMissed($id: ID!) { withdrawMissed(id: $id) { missedId } }";

export const COHORT = `query Cohort($where: CohortWhere!) {
  cohort(where: $where) {
    patients { count suppressed } studies { count suppressed }
    byConcept { key name patients { count suppressed } studies { count suppressed } }
    byLocation { key name patients { count suppressed } studies { count suppressed } }
    byMonth { key name patients { count suppressed } studies { count suppressed } }
  }
}`;

export const COHORT_CYPHER = "query CohortCypher($where: CohortWhere!) { cohortCypher(where: $where) }";

const EVENT = `eventId state reason detail warnings readingWarnings source format size attempts deliveries receivedAt
  updatedAt studyKeys`;

export const FEED = "subscription Feed { feedUpdates { newest states { state count } } }";

export const EVENTS = `query Events($where: EventWhere, $after: String) {
  events(first: 50, after: $after, where: $where) { edges { node { ${EVENT} externalId } } ${PAGE} }
}`;

export const EVENT_COUNTS = `query EventCounts {
${["RECEIVED", "QUEUED", "EXTRACTING", "EXTRACTED", "MERGING", "MERGED", "REFUSED", "DEAD"]
  .map((state) => `  ${state}: events(first: 1, where: { state: ${state} }) { totalCount }`)
  .join("\n")}
  checkpoint { engine checkpoint studies lastUsedAt otherEngines }
}`;

export const REJECTIONS = `query Rejections($after: String) {
  rejections(first: 50, after: $after) { edges { node { reason head relation tail detail studyKey } } ${PAGE} }
}`;

export const PAYLOAD = "query Payload($id: ID!) { eventPayload(id: $id) { size text } }";

export const MESSAGE_PARTS = "query MessageParts($id: ID!) { eventParts(id: $id) { text cut parts { name value start end problem } } }";

export const REPLAY = "mutation Replay($id: ID!) { replayEvent(id: $id) { replayed event { eventId state reason detail } } }";
