//! What TLS found to be wrong: with the broker's certificate, or, in the broker's eyes, with ours.

use rustls::{AlertDescription as Alert, CertificateError as Certificate, Error};

use super::cause::Cause;
use super::pin::NotPinned;

impl From<&Error> for Cause {
    fn from(error: &Error) -> Self {
        let distrust = |remedy| Self::Tls { reason: error.to_string(), remedy };
        match error {
            Error::InvalidCertificate(Certificate::UnknownIssuer) => {
                distrust("give the certificate authority that signed the broker's certificate as a file")
            }
            Error::InvalidCertificate(Certificate::NotValidForName | Certificate::NotValidForNameContext { .. }) => {
                distrust("address the broker by a name that stands in its certificate")
            }
            Error::InvalidCertificate(
                Certificate::Expired
                | Certificate::ExpiredContext { .. }
                | Certificate::NotValidYet
                | Certificate::NotValidYetContext { .. },
            ) => distrust("check this machine's clock, or renew the broker's certificate"),
            // rustls would show its insides.
            Error::InvalidCertificate(Certificate::Other(other)) if other.0.is::<NotPinned>() => Self::Tls {
                reason: other.0.to_string(),
                remedy: "if the broker was given a new key on purpose, pin that one; else find out who answers there",
            },
            Error::InvalidMessage(_) => distrust("check that this is the broker's port for TLS"),
            Error::AlertReceived(alert) => of_alert(*alert),
            _ => distrust("check the broker's certificate and its TLS settings"),
        }
    }
}

/// What the broker said before it hung up.
fn of_alert(alert: Alert) -> Cause {
    let unidentified = |reason: &str, remedy| Cause::Unidentified { reason: format!("{reason}: {alert:?}"), remedy };
    match alert {
        Alert::CertificateRequired | Alert::NoCertificate => unidentified(
            "it asks for a certificate and we have shown none",
            "give the device a certificate and its key",
        ),
        Alert::UnknownCA | Alert::CertificateUnknown => unidentified(
            "it does not know who signed our certificate",
            "give the device a certificate of an authority that the broker trusts",
        ),
        Alert::CertificateExpired => {
            unidentified("our certificate has expired", "renew the device's certificate, or check the broker's clock")
        }
        Alert::CertificateRevoked => {
            unidentified("our certificate was revoked", "give the device a new certificate, and find out why")
        }
        Alert::BadCertificate | Alert::UnsupportedCertificate | Alert::AccessDenied | Alert::DecryptError => {
            unidentified("it does not accept our certificate", "give the device a certificate that the broker accepts")
        }
        // In TLS 1.2 this is all that a broker says that lacks our certificate.
        Alert::HandshakeFailure => Cause::Tls {
            reason: "the broker broke the handshake off: HandshakeFailure".to_owned(),
            remedy: "if it asks for a certificate, give the device one; else let it speak TLS 1.2 or 1.3",
        },
        Alert::ProtocolVersion => Cause::Tls {
            reason: "the broker speaks no version of TLS that we do: ProtocolVersion".to_owned(),
            remedy: "let it speak TLS 1.2 or 1.3",
        },
        alert => Cause::Tls {
            reason: format!("the broker broke TLS off: {alert:?}"),
            remedy: "check the broker's certificate and its TLS settings, and see its log",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_of_ours_that_is_not_accepted_is_told_from_one_of_the_brokers() {
        for (alert, words) in [
            (Alert::CertificateRequired, "give the device a certificate"),
            (Alert::UnknownCA, "an authority that the broker trusts"),
            (Alert::CertificateExpired, "renew the device's"),
            (Alert::CertificateRevoked, "find out why"),
            (Alert::BadCertificate, "the broker accepts"),
        ] {
            match Cause::from(&Error::AlertReceived(alert)) {
                Cause::Unidentified { reason, remedy } => {
                    assert!(remedy.contains(words) && reason.contains(&format!("{alert:?}")), "{reason}; {remedy}");
                }
                other => panic!("{other:?}"),
            }
        }
        let expired = Cause::from(&Error::InvalidCertificate(Certificate::Expired));
        assert!(matches!(expired, Cause::Tls { remedy, .. } if remedy.contains("renew the broker's")));
    }
}
