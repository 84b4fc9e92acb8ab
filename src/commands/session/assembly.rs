//! Puts a session together: the publisher and what it announces, the pipeline and the threads beside it, and those who
//! take what arrives.

use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::Session;
use super::home_assistant::{Announcer, Births};
use super::mail::Mail;
use super::notices::Notices;
use super::orders::means::Stages;
use super::orders::{Commands, Orders};
use super::playing::Playing;
use super::watch::Watch;
use crate::capture::VideoSource;
use crate::clock::Clock;
use crate::commands::reload::{self, AtWork};
use crate::commands::setup::{Opened, Packs};
use crate::fuse::Fusion;
use crate::health::Pulse;
use crate::model::VoiceModel;
use crate::outlet::Outlet;
use crate::pipeline::sound::Hearing;
use crate::pipeline::{Fresh, Live, Supply, Vitals};
use crate::privacy::consent::{self, ConsentTopic};
use crate::privacy::{ConsentSource, Door, Gate};
use crate::publish::{PublishHandle, PublishSettings, Publisher};
use crate::supervise::systemd::Systemd;

impl Session {
    /// Starts everything.
    ///
    /// # Errors
    /// When a thread or the publisher cannot start.
    pub(super) fn begin(self) -> anyhow::Result<Playing> {
        let Self { sources, opened, hearing, identity, packs, vitals, gate, mut publish, announcer, clock, .. } = self;
        let commands = Commands::of(&packs.config, &identity.device);
        commands.recall(&gate, clock.now());
        let consent = match &packs.config.privacy.consent {
            ConsentSource::Topic(topic) => Some(ConsentTopic::new(topic.clone(), gate.clone())),
            ConsentSource::NotAsked | ConsentSource::Unmute | ConsentSource::File(_) => None,
        };
        publish.subscriptions.extend(commands.subscription());
        publish.subscriptions.extend(consent.as_ref().map(|consent| consent.topic().to_owned()));
        let mut publisher = Publisher::start(&publish, identity.clone(), clock.clone(), &Handle::current())?;
        let at_work = AtWork::new(identity, opened.sums);
        let shared = Shared { publish: publisher.handle(), at_work, packs, vitals, gate, clock };

        let notices = shared.notices(publish, hearing.is_some());
        let births = announcer.as_ref().map(Announcer::births);
        let announcing = announcer.map(|announcer| {
            let changes = (shared.at_work.changes(), publisher.connection());
            tokio::spawn(announcer.run(shared.publish.clone(), changes.0, changes.1))
        });
        let outlet = Outlet::new(shared.door(), self.recorder).with_witness(self.witness);
        let (mut live, looks) = shared.pipeline(sources, opened, hearing, outlet);
        shared.take_what_arrives(&mut publisher, consent, births, commands, shared.stages(&looks, &mut live));

        let (io, manager) = (Arc::new(Pulse::default()), Arc::new(Mutex::new(Systemd::of_process())));
        let mut watch = Watch::new(
            shared.vitals,
            io.clone(),
            publisher.connection(),
            shared.publish,
            manager.clone(),
            &shared.packs.config.limits,
            shared.clock.clone(),
        );
        let (ends, ended) = oneshot::channel();
        let live = live.start(
            move |now| watch.look(now),
            || {
                // Nobody waits any more when a signal came first.
                let _ = ends.send(());
            },
        )?;
        let Shared { gate, clock, .. } = shared;
        Ok(Playing { publisher, live, ended, announcing, notices, looks, gate, manager, io, clock })
    }
}

/// What the parts of a session have in common.
struct Shared {
    publish: PublishHandle,
    at_work: AtWork,
    packs: Arc<Packs>,
    vitals: Arc<Vitals>,
    gate: Gate,
    clock: Arc<dyn Clock>,
}

impl Shared {
    fn notices(&self, settings: PublishSettings, hears: bool) -> Notices {
        let (gate, at_work, clock) = (self.gate.clone(), self.at_work.clone(), self.clock.clone());
        Notices::new(self.publish.clone(), settings, &self.packs.config.privacy, gate, at_work, hears, clock)
    }

    fn door(&self) -> Door {
        Door::new(self.publish.clone(), self.gate.clone(), self.packs.config.privacy.extent)
    }

    /// The pipeline with the threads that look at the packs, and at the file that gives consent; and whom to ask for a
    /// look at the packs.
    fn pipeline(
        &self,
        sources: Supply<Box<dyn VideoSource>>,
        opened: Opened,
        hearing: Option<Hearing<VoiceModel>>,
        outlet: Outlet,
    ) -> (Live<Outlet>, reload::Orders) {
        let fusion = hearing.is_some().then(|| Fusion::new(self.packs.config.fuse));
        let chains = self.chains(opened, fusion);
        let live = Live::new(sources, chains, outlet, self.clock.clone(), self.vitals.clone());
        let mut live = live.behind(self.gate.clone());
        let (pulse, stopping, offers) = (self.vitals.packs.clone(), live.stopping(), live.offers());
        let (packs, at_work, publish) = (self.packs.clone(), self.at_work.clone(), self.publish.clone());
        let (reloader, looks) = reload::worker(packs, at_work, offers, publish, pulse, stopping);
        live.employ(reloader);
        if let ConsentSource::File(path) = &self.packs.config.privacy.consent {
            live.employ(consent::worker(path.clone(), self.gate.clone(), self.clock.clone(), live.stopping()));
        }
        if let Some(hearing) = hearing {
            live.listen(hearing);
        }
        (live, looks)
    }

    /// The chain that was opened, and others like it when it dies, of the packs that are there then.
    fn chains(&self, first: Opened, fusion: Option<Fusion>) -> Supply<Fresh> {
        let first = Fresh::from(first.chain.with_fusion(fusion.clone()));
        let (at_work, packs, publish) = (self.at_work.clone(), self.packs.clone(), self.publish.clone());
        let again = move || {
            let fresh = at_work.reopen(&packs, &publish)?;
            anyhow::Ok(Fresh { chain: fresh.chain.with_fusion(fusion.clone()), ..fresh })
        };
        Supply::of(again).starting_with(first)
    }

    /// What commands are carried out on.
    fn stages(&self, looks: &reload::Orders, live: &mut Live<Outlet>) -> Stages {
        let (gate, at_work, vitals) = (self.gate.clone(), self.at_work.clone(), self.vitals.clone());
        Stages { gate, looks: looks.clone(), at_work, vitals, wisher: live.wisher() }
    }

    /// Hands on what the broker has for us, and carries out what of it are commands.
    fn take_what_arrives(
        &self,
        publisher: &mut Publisher,
        consent: Option<ConsentTopic>,
        births: Option<Births>,
        commands: Commands,
        stages: Stages,
    ) {
        let (command, commanded) = mpsc::channel(1);
        if let Some(arrivals) = publisher.arrivals() {
            let (connection, clock) = (publisher.connection(), self.clock.clone());
            tokio::spawn(Mail { arrivals, connection, consent, births, commands: command, clock }.deliver());
        }
        let means = commands.means(stages);
        let orders = Orders::new(commands, means, self.publish.clone(), self.clock.clone());
        tokio::spawn(orders.carry_out(commanded));
    }
}
