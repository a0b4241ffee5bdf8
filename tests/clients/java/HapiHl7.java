import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.model.v25.datatype.TX;
import ca.uhn.hl7v2.model.v25.message.ACK;
import ca.uhn.hl7v2.model.v25.message.ORU_R01;
import ca.uhn.hl7v2.model.v25.segment.MSH;
import ca.uhn.hl7v2.model.v25.segment.OBR;
import ca.uhn.hl7v2.model.v25.segment.OBX;
import ca.uhn.hl7v2.model.v25.segment.PID;

/** Sends results by HAPI's HL7 v2 client: HOST PORT. One line a step: its name, a tab, MSA-1 and MSA-2. */
public class HapiHl7 {
  public static void main(String[] arguments) throws Exception {
    try (HapiContext context = new DefaultHapiContext()) {
      Connection connection = context.newClient(arguments[0], Integer.parseInt(arguments[1]), false);
      ORU_R01 result = result("1", "F", "20260110113000", "FINDINGS: Small left pleural effusion.");
      say("result", connection, result);
      say("resend", connection, result);
      say("correction", connection, result("2", "C", "20260111113000", "FINDINGS: Cardiomegaly."));
      ORU_R01 wordless = result("3", "F", "20260112113000", "");
      wordless.getPATIENT_RESULT().getPATIENT().getPID().getPatientIdentifierList(0).getIDNumber().setValue("hapi-bad");
      say("wordless", connection, wordless);
      ORU_R01 training = result("4", "F", "20260113113000", "FINDINGS: Pulmonary edema.");
      training.getMSH().getProcessingID().getProcessingID().setValue("T");
      say("training", connection, training);
      connection.close();
    }
  }

  static ORU_R01 result(String number, String status, String time, String text) throws Exception {
    ORU_R01 message = new ORU_R01();
    message.initQuickstart("ORU", "R01", "P");
    MSH header = message.getMSH();
    header.getSendingFacility().getNamespaceID().setValue("CLIENTS");
    header.getMessageControlID().setValue("HAPI-" + number);
    header.getDateTimeOfMessage().getTime().setValue(time);
    PID patient = message.getPATIENT_RESULT().getPATIENT().getPID();
    patient.getPatientIdentifierList(0).getIDNumber().setValue("hapi-hl7");
    patient.getPatientIdentifierList(0).getAssigningAuthority().getNamespaceID().setValue("CLIENTS");
    OBR exam = message.getPATIENT_RESULT().getORDER_OBSERVATION().getOBR();
    exam.getSetIDOBR().setValue("1");
    exam.getFillerOrderNumber().getEntityIdentifier().setValue("HAPI-ACC");
    exam.getUniversalServiceIdentifier().getIdentifier().setValue("71046");
    exam.getUniversalServiceIdentifier().getText().setValue("XR CHEST 2 VIEWS");
    exam.getObservationDateTime().getTime().setValue("20260110100000");
    exam.getResultsRptStatusChngDateTime().getTime().setValue(time);
    exam.getDiagnosticServSectID().setValue("RAD");
    exam.getResultStatus().setValue(status);
    OBX line = message.getPATIENT_RESULT().getORDER_OBSERVATION().getOBSERVATION().getOBX();
    line.getSetIDOBX().setValue("1");
    line.getValueType().setValue("TX");
    line.getObservationIdentifier().getIdentifier().setValue("71046");
    line.getObservationResultStatus().setValue(status);
    TX words = new TX(message);
    words.setValue(text);
    line.getObservationValue(0).setData(words);
    return message;
  }

  static void say(String step, Connection connection, ORU_R01 message) throws Exception {
    ACK answer = (ACK) connection.getInitiator().sendAndReceive(message);
    System.out.println(step + "\t" + answer.getMSA().getAcknowledgmentCode().getValue() + " "
        + answer.getMSA().getMessageControlID().getValue());
  }
}
