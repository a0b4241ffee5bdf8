/** Warnings of which docs/codes.md says "nothing" to the operator. Its test compares the two. */
const ROUTINE = new Set([
  "not_radiology_part", "cancelled_order", "clinical_segment_unread", "coded_value_unread", "number_unread", "note_unread",
  "attachment_in_another_language", "media_comment_unread", "study_note_unread", "result_unread",
  "patient_comments_left_out", "image_comments_left_out", "study_comments_left_out", "procedure_comments_left_out",
  "encapsulated_document_read", "coded_content_left_out", "sr_number_left_out", "sr_table_left_out",
  "sr_reference_left_out", "sr_date_left_out", "picture_unread", "page_header_unread", "struck_text", "hidden_text",
  "image_too_large", "image_no_pixels", "image_many_frames", "image_too_many", "image_other_domain", "image_unlike_training",
]);

export const isRoutine = (code: string): boolean => ROUTINE.has(code);
