//! Packs that build on others: a sequence on those whose embeddings it reads, an ensemble on its members.

use super::error::{ModelError, Problem};
use super::pack::Pack;
use super::registry::Registry;
use super::spec::{Kind, Member, SequenceSpec, Source};

impl Source {
    /// Whether `pack`, which stands for `role` ("the face" or "the voice"), is the one that is meant.
    pub(super) fn check(&self, role: &'static str, pack: &Pack) -> Result<(), Problem> {
        if pack.name != self.pack || pack.version != self.version {
            return Err(self.differs(role, format!("{} reads it here", pack.id())));
        }
        match embedding(pack) {
            Some(size) if size == self.size => Ok(()),
            Some(size) => Err(self.differs(role, format!("that pack's embedding has {size} numbers"))),
            None => Err(self.differs(role, "that pack gives no embedding".to_owned())),
        }
    }

    fn differs(&self, role: &'static str, found: String) -> Problem {
        Problem::Related {
            needs: format!("embeddings of {role} by {} {}, {} numbers each", self.pack, self.version, self.size),
            found,
            remedy: "use a sequence pack that was trained on what is here, or the pack that it names",
        }
    }
}

impl Pack {
    /// Lets a sequence pass that reads the embeddings of `face`, and of `voice` if there is one.
    ///
    /// # Errors
    /// When the pack is no sequence, or it was trained on the embeddings of other packs, or of none.
    pub fn refuse_unless_reads(&self, face: &Pack, voice: Option<&Pack>) -> Result<(), ModelError> {
        let spec = self.sequence()?;
        let Some(wanted) = &spec.face else {
            let wanted = "a pack that reads no face has no use here; name one with [reads.face]".to_owned();
            return Err(self.error(Problem::Value {
                key: "reads.face".to_owned(),
                found: "(absent)".to_owned(),
                wanted,
            }));
        };
        let heard = spec.voice.as_ref().zip(voice).map(|(wanted, pack)| wanted.check(VOICE, pack));
        wanted.check(FACE, face).and(heard.unwrap_or(Ok(()))).map_err(|problem| self.error(problem))
    }
}

impl Registry {
    /// Checks what a pack builds on, as far as it is here: the members of an ensemble, which all must be, and the
    /// embeddings that a sequence reads.
    pub(super) fn check_related(&self, pack: &Pack) -> Result<(), ModelError> {
        match &pack.kind {
            Kind::Ensemble(_) => self.members(pack).map(|_| ()),
            Kind::Sequence(SequenceSpec { face, voice, .. }) => {
                let named = [(FACE, face), (VOICE, voice)];
                named.into_iter().filter_map(|(role, source)| Some((role, source.as_ref()?))).try_for_each(
                    |(role, source)| match self.describe(&source.pack) {
                        // Another version, or none at all, matters to whoever runs it; the pack itself may be whole.
                        Ok(found) if found.version == source.version => {
                            source.check(role, &found).map_err(|problem| pack.error(problem))
                        }
                        Ok(_) | Err(_) => Ok(()),
                    },
                )
            }
            Kind::Detector(_) | Kind::Frame(_) | Kind::Voice(_) => Ok(()),
        }
    }

    /// The members of an ensemble, whole, each with its weight, in the order of its manifest.
    ///
    /// # Errors
    /// When the pack is of another kind, a member is missing, wrong, of another version or of a kind that cannot be a
    /// member, or the members do not go together.
    pub fn members(&self, pack: &Pack) -> Result<Vec<(Pack, f32)>, ModelError> {
        let spec = pack.ensemble()?;
        let member = |member: &Member| {
            let found = self.member(member).map_err(|problem| pack.error(problem))?;
            found.check_files()?;
            self.check_related(&found)?;
            Ok((found, member.weight))
        };
        let members = spec.members.iter().map(member).collect::<Result<Vec<_>, ModelError>>()?;
        go_together(&members).map_err(|problem| pack.error(problem))?;
        Ok(members)
    }

    fn member(&self, wanted: &Member) -> Result<Pack, Problem> {
        let related = |found: String| Problem::Related {
            needs: format!("the member {} {}", wanted.pack, wanted.version),
            found,
            remedy: "put that pack into the folder of packs, or use an ensemble of what is there",
        };
        let found = self.describe(&wanted.pack).map_err(|error| related(error.to_string()))?;
        if found.version != wanted.version {
            return Err(related(format!("{} is there", found.id())));
        }
        match &found.kind {
            Kind::Frame(_) | Kind::Sequence(_) => Ok(found),
            other => Err(related(format!("{} is of kind {}", found.id(), other.name()))),
        }
    }
}

const FACE: &str = "the face";
const VOICE: &str = "the voice";

/// The size of a pack's embedding, when it gives one.
fn embedding(pack: &Pack) -> Option<usize> {
    pack.outputs.iter().find(|output| output.key == "embedding").map(|output| output.numbers())
}

/// Members can be averaged that read the same faces and estimate the same moment: at least one sequence, and one
/// frame model at most.
fn go_together(members: &[(Pack, f32)]) -> Result<(), Problem> {
    let related = |needs: String, found: String| Problem::Related {
        needs,
        found,
        remedy: "an ensemble is made of sequences on one face pack that estimate the same moment, and that face pack",
    };
    let sequences = || members.iter().filter_map(|(pack, _)| Some((pack, pack.sequence().ok()?)));
    let Some((first, spec)) = sequences().next() else {
        return Err(related("a member of kind sequence".to_owned(), "it has none".to_owned()));
    };
    for (pack, other) in sequences().skip(1) {
        if other.face != spec.face || other.voice.is_some() && spec.voice.is_some() && other.voice != spec.voice {
            return Err(related(
                format!("members that read what {} reads", first.id()),
                format!("{} does not", pack.id()),
            ));
        }
        if other.behind() != spec.behind() {
            let (needs, found) = (spec.behind(), other.behind());
            let needs = format!("members that look back {needs:?} as {} does", first.id());
            return Err(related(needs, format!("{} looks back {found:?}", pack.id())));
        }
    }
    let frames = members.iter().map(|(pack, _)| pack).filter(|pack| pack.frame().is_ok());
    for pack in frames {
        match &spec.face {
            Some(face) => face.check(FACE, pack)?,
            None => return Err(related("members that read faces".to_owned(), format!("{} reads none", first.id()))),
        }
    }
    Ok(())
}
