"""HL7 v2 over MLLP, release 1 (HL7 v2.8 chapter 2, appendix C): messages framed by VT and FS CR on a TCP connection."""
