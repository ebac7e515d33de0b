// SPDX-License-Identifier: EUPL-1.2
//! What must not be taken for a command: emergencies, reports, complaints, other people's
//! affairs, the offices' work.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Kind;
use super::lexicon::{Class, LEXICON, Phrases};
use super::normalise::{Symbol, Text};
use super::typos::Lookalikes;

/// What a message is about, apart from commands. A word can be one of these and also have a
/// [`Class`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Concern {
    /// An emergency by itself.
    Danger,
    /// An emergency if the person calls for help.
    Risk,
    Alarm,
    /// "contributo alluvione": money or paper, not water.
    Paperwork,
    /// What can break, and what one says of it.
    Thing,
    Broken,
    Report,
    Complaint,
}

const CONCERNS: &[(Concern, &str)] = &[
    (
        Concern::Danger,
        "incendio, incendi, fiamme, sta bruciando, bruciando, va a fuoco, a fuoco, esonda*, \
         esondazione, allagat*, allagand*, crollat*, crollando, fuga di gas, odore di gas, \
         perdita di gas, puzza di gas, esplosion*, esplos*, svenut*, ferito, ferita, feriti, \
         infarto, ambulanza, sparatoria, annegando, intrappolat*, non respira/respirano, \
         pericolo di vita, sta/sto/stanno morendo/annegando/picchiando/sparando/rapinando, \
         uomo/donna/persona/anziano/anziana/bambino/bambina/ragazzo/ragazza a terra, \
         persona/bambino/bambina/anziano/anziana/ragazzo/ragazza/uomo/donna \
         dispersa/disperso/scomparsa/scomparso, terremoto, valanga, straripa*, \
         fiume/torrente/canale/fosso esce/uscendo/uscito, \
         fiume/torrente/canale/fosso sta/e uscendo/uscito/salendo, acqua sta entrando/salendo, \
         ladro/ladri in casa, ladro/ladri sta/stanno entrando, gente/persone/qualcuno \
         sotto/intrappolata, macchina/auto/persona/casa sotto, scintill*, caduto/caduta in casa/bagno/giardino, incastrat*, ribaltat*, schiacciat*, accoltell*, soffoca*, ustionat*, cavo/cavi elettrico/elettrici/scoperto/scoperti, cavo \
         della luce a terra, sono/siamo/e bloccato/bloccata/bloccati/chiuso/chiusi \
         in/nell/nel casa/ascensore/auto/macchina, incendie, incendiu, brennt, burning, \
         пожежа, пожар, حريق, zjarr, pozar, 着火*, 火灾*, 救命*, 起火*",
    ),
    (
        Concern::Risk,
        "scoppiato, scoppiata, fire, smoke, flood, feu, fumee, feuer, rauch, fuego, humo, foc, fum, inundatii, \
         inundacion, ogenj, повінь, дим, accident, unfall, accidente, injured, blesse, herido, \
         verletzt, ranit, fuoco, fumo, brucia, incidente, frana, franat*, smottamento, acqua alta, alluvione, \
         allagamento, crollo, gas, ladri, ladro, rapina, aggression*, picchia*, pericolante, \
         pericolo, sangue, sta/sto male, mi sento male, si sente male, malore, caduto, caduta, \
         bloccato, bloccata, bloccati, acqua in casa, picchiano, menano, rissa",
    ),
    (
        Concern::Alarm,
        "hilfe, au secours, secours, socorro, auxilio, ajutor, ndihme, pomoc, na pomoc, \
         допоможіть, помогите, النجدة, ساعدونا, aiutateci, aiutatemi, aiuto, help, \
         soccorso, soccorsi, sos, urgente, urgentissimo, urgenza, correte, \
         emergenza, venite subito, pompieri, vigili del fuoco, fate presto",
    ),
    (
        Concern::Paperwork,
        "contributo, contributi, rimborso, bando, modulo, domanda, certificato, assicurazione, \
         prevenzione, antincendio, bolletta, contratto, verbale, esercitazione, corso, piano \
         regolatore/comunale/di/triennale, \
         bonus, risarcimento, contatore, dichiarazione, mesi fa, anno scorso, denuncia, pratica",
    ),
    (
        Concern::Thing,
        "erbacce, neve, ghiaccio, frigorifer*, materass*, divano, divani, eternit, amianto, \
         cestino, cestini, tubo, tubatura, fioriera, grata, caditoia, argine, muro, muri, buca, buche, lampion*, cassonett*, tombin*, semaforo, marciapied*, albero, alberi, \
         ramo, rami, rifiuti, discarica, erba, panchin*, strada, illuminazione, cancello, \
         fontana, giochi, cartello, luce, luci, perdita, acqua, topi, ratti, zanzare, cane, \
         cani, siepe, asfalto, fogna, segnale, guardrail, ringhiera, auto, bidon*, \
         vetri, parco, sterpaglie, immondizia, spazzatura, pista ciclabile",
    ),
    (
        Concern::Broken,
        "rotto, rotta, rotti, rotte, spento, spenta, spenti, spente, caduto, caduta, caduti, \
         pieno, piena, pieni, piene, sporco, sporca, sporchi, sporche, abbandonat*, pericolos*, \
         divelt*, guasto, guasta, guasti, intasat*, perde, bucat*, enorme, enormi, degrado, non \
         funziona, non funzionano, non si accende, non va, lampeggia, incustodit*, ostruit*, \
         pericolante, dissestat*, otturat*, saltato, saltata, alta, alte, manca, mancano, buio, \
         tutto al buio, morto, morta, c e una, c e un, ci sono, eliminate, togliete, rimuovete, \
         tagliate, sistemate, riparate, levate, randagi*, non \
         spalat*, scritte, imbrattat*, vandal*, buttato, scaricato, gettato, perdono, puzza, \
         puzzano, sradicat*, inclinat*, storto, storta, stracolm*, danneggiat*, rottura, hanno rotto",
    ),
    (
        Concern::Report,
        "carcassa, carcasse, segnalo, segnalare, segnalazione, segnalazioni, vi segnalo, perdita d/di acqua, \
         hanno/qualcuno/hanno/ha buttato/scaricato/gettato/abbandonato, vespe, calabroni, nido \
         di vespe/calabroni, cane/cani/cinghiale/cinghiali randagio/randagi/vagante/vaganti, \
         non spalata/spalato/spalate, atti vandalici",
    ),
    (
        Concern::Complaint,
        "vergogn*, indignat*, pessim*, nessuno risponde, non risponde/rispondete nessuno/mai, \
         nessuno mi risponde, paghiamo/pago le tasse, andare avanti cosi, avete rotto, avete \
         stufato/stancato, mi/ci avete rotto/stufato/stancato, incompetenza, delus*, maleducat*, \
         arrogan*, fannullon*, lavorate ogni, mai lavorato, schifo, schifezz*, reclamo, reclami, lamentela, \
         lamentele, lamentarmi, protesta, protesto, indecent*, inaccettabil*, scandalo, \
         scandalos*, incapac*, incompetent*, ridicoli, ridicolo, buffoni, pagliacci, stronz*, \
         vaffanculo, merda, cazzo, coglion*, idiot*, delinquenti, rumore, baccano, stufo, \
         stufa, stufi, disservizio, disservizi, basta con, basta, non e possibile, non se ne \
         puo piu",
    ),
];

static LISTED: LazyLock<Phrases<Concern>> = LazyLock::new(|| Phrases::new(CONCERNS));

/// The concerns a text touches on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Concerns {
    found: u8,
    /// How many risks: "una frana ha bloccato la strada" has two.
    risks: usize,
}

impl Concerns {
    pub(super) fn of(text: &Text) -> Self {
        let words: Vec<&str> = text.words().collect();
        let mut found = Self::default();
        if text.symbols.contains(&Symbol::Sos) {
            found.insert(Concern::Alarm);
        }
        let mut rest = words.as_slice();
        while !rest.is_empty() {
            let length = match LISTED.longest(rest) {
                // "basta firmare qui?", "basta un documento".
                Some((Concern::Complaint, 1))
                    if rest[0] == "basta"
                        && (text.asks()
                            || rest
                                .get(1)
                                .is_some_and(|it| matches!(*it, "un" | "una" | "il" | "la"))
                            || words[..words.len() - rest.len()]
                                .last()
                                .is_some_and(|it| matches!(*it, "mi" | "ti" | "vi" | "ci"))) =>
                {
                    1
                }
                Some((concern, length)) => {
                    found.insert(concern);
                    found.risks += usize::from(concern == Concern::Risk);
                    length
                }
                None => 1,
            };
            rest = &rest[length..];
        }
        found
    }

    /// Life or limb: the reply names 112 and the desk is told.
    pub(super) fn emergency(self) -> bool {
        let called = self.has(Concern::Risk) && self.has(Concern::Alarm);
        let urgent = self.has(Concern::Danger) || called || self.risks >= 2;
        !self.has(Concern::Paperwork) && urgent
    }

    /// What a message for the desk is.
    pub(super) fn kind(self) -> Kind {
        let harmed = self.has(Concern::Broken) || self.has(Concern::Risk);
        if self.has(Concern::Report) || self.has(Concern::Thing) && harmed {
            Kind::Report
        } else if self.has(Concern::Complaint) {
            Kind::Complaint
        } else {
            Kind::Question
        }
    }

    fn insert(&mut self, concern: Concern) {
        self.found |= 1 << concern as u8;
    }

    fn has(self, concern: Concern) -> bool {
        self.found & (1 << concern as u8) != 0
    }
}

/// Ordinary words that follow "iscrivimi" when a course is meant. Source: the thousand commonest
/// words of github.com/napolux/paroleitaliane (MIT), and activities.
const COMMON_WORDS: &str = include_str!("common_words.txt");

/// A misspelt office word would pass for the name of a place: "iscrivimi asillo".
pub(super) fn resembles_an_ordinary_word(word: &str) -> bool {
    static ORDINARY: LazyLock<Lookalikes> = LazyLock::new(|| {
        let listed = LEXICON.single_words().filter(|(word, class)| {
            word.len() > 3
                && matches!(
                    class,
                    Class::Municipal | Class::OfficeTopic | Class::Ordinary | Class::ThirdParty
                )
        });
        Lookalikes::new(listed.map(|(word, _)| word))
    });
    static COMMON: LazyLock<HashSet<&'static str>> =
        LazyLock::new(|| COMMON_WORDS.split_whitespace().collect());
    COMMON.contains(word) || ORDINARY.resemble(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::lexicon::spelt_out;

    #[test]
    fn is_written_as_messages_are_normalised() {
        for entry in CONCERNS.iter().flat_map(|(_, list)| list.split(',')).map(str::trim) {
            for written in spelt_out(entry.trim_end_matches('*')).iter().map(|it| it.join(" ")) {
                assert_eq!(Text::parse(&written).normalised(), written);
            }
        }
    }

    #[test]
    fn tells_emergencies_from_paperwork() {
        for (text, want) in [
            ("AIUTO C'È UN INCENDIO IN VIA MAZZINI", true),
            ("la cantina è allagata", true),
            ("aiuto, sento gas in casa", true),
            ("domanda di contributo per la casa allagata", false),
            ("bolletta del gas", false),
            ("aiuto con la carta d'identità", false),
        ] {
            assert_eq!(Concerns::of(&Text::parse(text)).emergency(), want, "{text}");
        }
    }

    #[test]
    fn sorts_what_goes_to_the_desk() {
        for (text, want) in [
            ("lampione rotto in via Roma", Kind::Report),
            ("vorrei segnalare un problema", Kind::Report),
            ("c'è una buca", Kind::Report),
            ("è una vergogna", Kind::Complaint),
            ("a che ora aprite?", Kind::Question),
        ] {
            assert_eq!(Concerns::of(&Text::parse(text)).kind(), want, "{text}");
        }
    }
}
