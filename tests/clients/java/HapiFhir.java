import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.PreferReturnEnum;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.apache.GZipContentInterceptor;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import java.nio.charset.StandardCharsets;
import java.util.Date;
import org.hl7.fhir.r4.model.Attachment;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.CodeableConcept;
import org.hl7.fhir.r4.model.Coding;
import org.hl7.fhir.r4.model.DiagnosticReport;
import org.hl7.fhir.r4.model.Identifier;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.MessageHeader;
import org.hl7.fhir.r4.model.Patient;
import org.hl7.fhir.r4.model.Reference;

/** Sends reports by HAPI FHIR's client: ADDRESS KEY. One line a step: its name, a tab, what was answered. */
public class HapiFhir {
  static final FhirContext CONTEXT = FhirContext.forR4();

  public static void main(String[] arguments) {
    IGenericClient client = CONTEXT.newRestfulGenericClient(arguments[0]);
    client.registerInterceptor(new BearerTokenAuthInterceptor(arguments[1]));
    say("capabilities", client.capabilities().ofType(CapabilityStatement.class).execute().getFhirVersion().toCode());

    DiagnosticReport created = report("hapi-created", "FINDINGS: Small left pleural effusion.");
    MethodOutcome first = client.create().resource(created).execute();
    say("create", first.getCreated() + " " + first.getId().getIdPart() + " " + first.getId().getVersionIdPart());
    MethodOutcome again = client.create().resource(created).execute();
    say("resend", Boolean.TRUE.equals(again.getCreated()) + " " + again.getId().getIdPart());
    DiagnosticReport kept = (DiagnosticReport) first.getResource();
    kept.setStatus(DiagnosticReport.DiagnosticReportStatus.AMENDED);
    form(kept, "FINDINGS: Cardiomegaly.");
    MethodOutcome second = client.update().resource(kept).execute();
    say("update", second.getId().getIdPart() + " " + second.getId().getVersionIdPart());

    DiagnosticReport own = report("hapi-own", "FINDINGS: Small left pleural effusion.");
    own.setId("hapi-own-1");
    say("put", client.update().resource(own).execute().getId().getIdPart());
    own.setStatus(DiagnosticReport.DiagnosticReportStatus.CORRECTED);
    form(own, "FINDINGS: No pleural effusion.");
    say("put again", client.update().resource(own).execute().getId().getIdPart());

    DiagnosticReport named = report("hapi-condition", "FINDINGS: Pulmonary edema.");
    named.addIdentifier(new Identifier().setSystem("urn:clients:reports").setValue("hapi-7"));
    String condition = "DiagnosticReport?identifier=urn:clients:reports|hapi-7";
    for (String step : new String[] {"conditional create", "conditional create again"}) {
      MethodOutcome outcome = client.create().resource(named).conditionalByUrl(condition).execute();
      say(step, outcome.getId().getIdPart());
    }

    client.registerInterceptor(new GZipContentInterceptor());
    say("transaction", client.transaction().withBundle(transaction()).execute().getEntry().size());
    MethodOutcome minimal = client.create().resource(report("hapi-gzip", "FINDINGS: Right pneumothorax."))
        .prefer(PreferReturnEnum.MINIMAL).execute();
    say("packed", minimal.getId().getIdPart());
    Bundle reply = client.operation().processMessage().setMessageBundle(message()).synchronous(Bundle.class).execute();
    say("message", ((MessageHeader) reply.getEntryFirstRep().getResource()).getResponse().getCode().toCode());

    DiagnosticReport nameless = report("hapi-bad", "FINDINGS: Small left pleural effusion.");
    nameless.setSubject(null);
    refused("nameless", () -> client.create().resource(nameless).execute());
    DiagnosticReport wordless = report("hapi-bad", "");
    wordless.getPresentedForm().clear();
    refused("wordless", () -> client.create().resource(wordless).execute());
    refused("wordless update", () -> client.update().resource(wordless.setId("hapi-bad")).execute());
  }

  static DiagnosticReport report(String patient, String text) {
    DiagnosticReport report = new DiagnosticReport();
    report.setStatus(DiagnosticReport.DiagnosticReportStatus.FINAL);
    report.addCategory(new CodeableConcept(
        new Coding().setSystem("http://terminology.hl7.org/CodeSystem/v2-0074").setCode("RAD")));
    report.setCode(new CodeableConcept().setText("XR CHEST 2 VIEWS"));
    report.setSubject(new Reference().setIdentifier(
        new Identifier().setSystem("urn:clients").setValue(patient)));
    report.setIssued(new Date(1_767_000_000_000L));
    form(report, text);
    return report;
  }

  static void form(DiagnosticReport report, String text) {
    report.getPresentedForm().clear();
    report.addPresentedForm(new Attachment().setContentType("text/plain")
        .setData(text.getBytes(StandardCharsets.UTF_8)));
  }

  static Bundle transaction() {
    Patient patient = new Patient();
    patient.addIdentifier().setSystem("urn:clients").setValue("hapi-transaction");
    DiagnosticReport report = report("", "FINDINGS: Left lower lobe consolidation.");
    report.setSubject(new Reference("urn:uuid:7b0c9d2e-1111-4000-8000-000000000001"));
    Bundle bundle = new Bundle().setType(Bundle.BundleType.TRANSACTION);
    bundle.addEntry().setFullUrl("urn:uuid:7b0c9d2e-1111-4000-8000-000000000001").setResource(patient)
        .getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("Patient");
    bundle.addEntry().setResource(report)
        .getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("DiagnosticReport");
    return bundle;
  }

  static Bundle message() {
    MessageHeader header = new MessageHeader();
    header.setId("m1");
    header.setEvent(new Coding().setSystem("urn:clients:events").setCode("report"));
    header.getSource().setEndpoint("urn:clients");
    Bundle bundle = new Bundle().setType(Bundle.BundleType.MESSAGE);
    bundle.addEntry().setResource(header);
    bundle.addEntry().setResource(report("hapi-message", "FINDINGS: Right rib fracture."));
    return bundle;
  }

  static void refused(String step, Runnable request) {
    try {
      request.run();
      say(step, "taken");
    } catch (BaseServerResponseException error) {
      say(step, error.getStatusCode() + " " + (error.getOperationOutcome() != null));
    }
  }

  static void say(String step, Object words) {
    System.out.println(step + "\t" + words);
  }
}
