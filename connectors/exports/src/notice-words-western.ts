import type { NoticeWords } from "./notice-words.ts";

/** English, and the languages of western Europe. */
export const westernNotices: readonly NoticeWords[] = [
  {
    language: "en",
    you: "You|you",
    lines: {
      encryption:
        "Messages and calls are end-to-end encrypted*|Messages to this chat and calls are now secured with end-to-end encryption*|Messages to this group are now secured with end-to-end encryption*|Messages you send to this chat and calls are now secured with end-to-end encryption*|Messages you send to this group are now secured with end-to-end encryption*",
      "group-created":
        '{a} created group "{b}"|{a} created the group "{b}"|{a} created this group|{a} created group {b}',
      added: "{a} added {b}|{a} was added|{a} were added",
      left: "{a} left",
      removed: "{a} removed {b}|{a} was removed|{a} were removed",
      joined:
        "{a} joined using this group's invite link|{a} joined using a group link|{a} joined from the community|{a} joined",
      admin:
        "You're now an admin|You're no longer an admin|{a} is now an admin|{a} is no longer an admin|{a} made {b} an admin",
      renamed:
        '{a} changed the subject from "{b}" to "{c}"|{a} changed the subject to "{b}"|{a} changed the group name from "{b}" to "{c}"|{a} changed the group name to "{b}"|{a} changed the group name',
      icon: "{a} changed this group's icon|{a} changed the group icon|{a} deleted this group's icon|{a} deleted the group icon|{a} changed this group's picture",
      description:
        "{a} changed the group description|{a} changed the description|{a} deleted the group description",
      settings:
        "{a} changed this group's settings*|{a} changed the settings*|{a} changed the group settings*",
      timer:
        "{a} turned on disappearing messages*|{a} turned off disappearing messages*|{a} updated the message timer*|{a} set the message timer*|{a} set messages to disappear*|{a} uses a default timer*|{a} changed the message timer*",
      "security-code":
        "Your security code with {a} changed*|{a}'s security code changed*|Your security code changed*",
      "number-changed":
        "{a} changed their phone number to a new number*|{a} changed their phone number*|{a} changed to {b}|{a} changed number*",
      call: "Missed voice call*|Missed video call*|Missed group voice call*|Missed group video call*|Voice call*|Video call*|Silenced voice call*|Silenced video call*",
      blocked:
        "You blocked this contact*|You unblocked this contact*|You blocked this business*|You unblocked this business*",
      pinned: "{a} pinned a message|{a} unpinned a message",
    },
  },
  {
    language: "de",
    you: "Du|du|Dich|dich",
    lines: {
      encryption:
        "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt*|Nachrichten in diesem Chat sowie Anrufe sind jetzt mit Ende-zu-Ende-Verschlüsselung geschützt*|Nachrichten in dieser Gruppe sind jetzt mit Ende-zu-Ende-Verschlüsselung geschützt*",
      "group-created":
        '{a} hat die Gruppe "{b}" erstellt|{a} hast die Gruppe "{b}" erstellt|{a} hat diese Gruppe erstellt|{a} hast diese Gruppe erstellt',
      added: "{a} hat {b} hinzugefügt|{a} hast {b} hinzugefügt|{a} wurde hinzugefügt|{a} wurdest hinzugefügt",
      left: "{a} hat die Gruppe verlassen|{a} hast die Gruppe verlassen",
      removed: "{a} hat {b} entfernt|{a} hast {b} entfernt|{a} wurde entfernt|{a} wurdest entfernt",
      joined:
        "{a} ist der Gruppe mit dem Einladungslink beigetreten|{a} ist der Gruppe über den Einladungslink beigetreten|{a} ist beigetreten",
      admin: "{a} bist jetzt Admin|{a} ist jetzt Admin|{a} bist kein Admin mehr|{a} ist kein Admin mehr",
      renamed:
        '{a} hat den Betreff von "{b}" zu "{c}" geändert|{a} hast den Betreff von "{b}" zu "{c}" geändert|{a} hat den Betreff zu "{b}" geändert|{a} hat den Gruppennamen von "{b}" zu "{c}" geändert|{a} hast den Gruppennamen von "{b}" zu "{c}" geändert|{a} hat den Gruppennamen zu "{b}" geändert',
      icon: "{a} hat das Gruppenbild geändert|{a} hast das Gruppenbild geändert|{a} hat das Gruppenbild gelöscht",
      description: "{a} hat die Gruppenbeschreibung geändert|{a} hast die Gruppenbeschreibung geändert",
      timer:
        "{a} hat selbstlöschende Nachrichten*|{a} hast selbstlöschende Nachrichten*|{a} hat den Nachrichten-Timer*",
      "security-code":
        "Deine Sicherheitsnummer für {a} hat sich geändert*|Deine Sicherheitsnummer mit {a} hat sich geändert*|Die Sicherheitsnummer von {a} hat sich geändert*",
      "number-changed":
        "{a} hat zu einer neuen Telefonnummer gewechselt*|{a} hat die Telefonnummer geändert*|{a} hat zu {b} gewechselt",
      call: "Verpasster Sprachanruf*|Verpasster Videoanruf*|Verpasster Gruppen-Sprachanruf*|Verpasster Gruppen-Videoanruf*|Sprachanruf*|Videoanruf*",
      blocked: "Du hast diesen Kontakt blockiert*|Du hast die Blockierung dieses Kontakts aufgehoben*",
      pinned: "{a} hat eine Nachricht angepinnt|{a} hat eine Nachricht fixiert",
    },
  },
  {
    language: "es",
    you: "Tú|tú|Te|te",
    lines: {
      encryption:
        "Los mensajes y las llamadas están cifrados de extremo a extremo*|Los mensajes y las llamadas en este chat ahora están protegidos con cifrado de extremo a extremo*|Los mensajes en este grupo ahora están protegidos con cifrado de extremo a extremo*",
      "group-created":
        '{a} creó el grupo "{b}"|{a} creó este grupo|Creaste el grupo "{b}"|{a} ha creado el grupo "{b}"',
      added:
        "{a} añadió a {b}|{a} agregó a {b}|{a} ha añadido a {b}|Añadiste a {b}|Agregaste a {b}|{a} te añadió|{a} te agregó",
      left: "{a} salió del grupo|{a} ha salido del grupo|{a} salió",
      removed: "{a} eliminó a {b}|{a} ha eliminado a {b}|Eliminaste a {b}",
      joined:
        "{a} se unió usando el enlace de invitación de este grupo|{a} se unió con el enlace de invitación del grupo",
      admin: "Ahora eres admin. del grupo|Ahora eres admin*|{a} ahora es admin*",
      renamed:
        '{a} cambió el asunto de "{b}" a "{c}"|{a} cambió el asunto a "{b}"|{a} cambió el nombre del grupo de "{b}" a "{c}"|{a} cambió el nombre del grupo a "{b}"',
      icon: "{a} cambió el ícono de este grupo|{a} cambió el icono de este grupo|{a} cambió la imagen del grupo",
      description: "{a} cambió la descripción del grupo|{a} cambió la descripción",
      timer:
        "{a} activó los mensajes temporales*|{a} desactivó los mensajes temporales*|{a} actualizó la duración de los mensajes temporales*",
      "security-code":
        "Tu código de seguridad con {a} cambió*|Cambió tu código de seguridad con {a}*|El código de seguridad de {a} cambió*|Ha cambiado tu código de seguridad con {a}*",
      "number-changed": "{a} cambió su número de teléfono*|{a} cambió a {b}",
      call: "Llamada perdida*|Llamada de voz perdida*|Videollamada perdida*|Llamada grupal perdida*|Llamada de voz*|Videollamada*",
      blocked: "Bloqueaste a este contacto*|Desbloqueaste a este contacto*",
    },
  },
  {
    language: "pt",
    you: "Você|você",
    lines: {
      encryption:
        "As mensagens e as chamadas são protegidas com a criptografia de ponta a ponta*|As mensagens e ligações são protegidas com a criptografia de ponta a ponta*|As mensagens e as ligações são protegidas*|As mensagens e chamadas são encriptadas ponto-a-ponto*|Mensagens e ligações são protegidas com criptografia de ponta a ponta*|As mensagens deste grupo estão protegidas com criptografia de ponta a ponta*",
      "group-created": '{a} criou o grupo "{b}"|{a} criou este grupo',
      added: "{a} adicionou {b}|{a} foi adicionado|{a} foi adicionada",
      left: "{a} saiu",
      removed: "{a} removeu {b}|{a} foi removido|{a} foi removida",
      joined: "{a} entrou usando o link de convite deste grupo|{a} entrou usando um link de convite",
      admin: "{a} agora é admin|{a} agora é admin do grupo|{a} agora é um administrador",
      renamed:
        '{a} mudou o nome de "{b}" para "{c}"|{a} alterou o nome do grupo de "{b}" para "{c}"|{a} mudou o nome do grupo de "{b}" para "{c}"|{a} alterou o nome do grupo para "{b}"',
      icon: "{a} mudou a imagem do grupo|{a} mudou a imagem deste grupo|{a} alterou a imagem deste grupo",
      description: "{a} mudou a descrição do grupo|{a} alterou a descrição do grupo",
      timer:
        "{a} ativou as mensagens temporárias*|{a} desativou as mensagens temporárias*|{a} atualizou a duração das mensagens temporárias*",
      "security-code":
        "Seu código de segurança com {a} mudou*|O código de segurança de {a} mudou*|O seu código de segurança com {a} mudou*",
      "number-changed":
        "{a} mudou de número de telefone*|{a} mudou para {b}|{a} mudou seu número de telefone*",
      call: "Chamada de voz perdida*|Chamada de vídeo perdida*|Ligação de voz perdida*|Ligação de vídeo perdida*|Chamada perdida*|Ligação perdida*",
      blocked: "Você bloqueou este contato*|Você desbloqueou este contato*",
    },
  },
  {
    language: "fr",
    you: "Vous|vous",
    lines: {
      encryption:
        "Les messages et les appels sont chiffrés de bout en bout*|Les messages et appels sont chiffrés de bout en bout*|Les messages envoyés dans ce groupe sont désormais protégés avec le chiffrement de bout en bout*|Les messages dans cette discussion, ainsi que les appels, sont désormais protégés avec le chiffrement de bout en bout*",
      "group-created":
        '{a} a créé le groupe "{b}"|{a} avez créé le groupe "{b}"|{a} a créé ce groupe|{a} avez créé ce groupe|{a} a créé le groupe " {b} "',
      added:
        "{a} a ajouté {b}|{a} avez ajouté {b}|{a} a été ajouté|{a} a été ajouté(e)|{a} vous a ajouté|{a} vous a ajouté(e)",
      left: "{a} a quitté le groupe|{a} avez quitté le groupe|{a} est parti|{a} est parti(e)|{a} est partie",
      removed: "{a} a retiré {b}|{a} avez retiré {b}|{a} a supprimé {b}|{a} a exclu {b}",
      joined:
        "{a} a rejoint le groupe via le lien d'invitation|{a} a rejoint le groupe en utilisant le lien d'invitation de ce groupe",
      admin:
        "{a} êtes maintenant admin*|{a} êtes désormais admin*|{a} est désormais admin*|{a} est maintenant admin*",
      renamed:
        '{a} a changé le sujet de "{b}" à "{c}"|{a} a changé le sujet en "{b}"|{a} a changé le nom du groupe de "{b}" en "{c}"|{a} a changé le nom du groupe en "{b}"',
      icon: "{a} a changé l'icône de ce groupe|{a} avez changé l'icône de ce groupe|{a} a changé l'icône du groupe",
      description:
        "{a} a changé la description du groupe|{a} avez changé la description du groupe|{a} a modifié la description du groupe",
      timer:
        "{a} a activé les messages éphémères*|{a} avez activé les messages éphémères*|{a} a désactivé les messages éphémères*",
      "security-code": "Votre code de sécurité avec {a} a changé*|Le code de sécurité de {a} a changé*",
      "number-changed": "{a} a changé de numéro de téléphone*|{a} a changé pour {b}",
      call: "Appel vocal manqué*|Appel vidéo manqué*|Appel manqué*|Appel vocal*|Appel vidéo*",
      blocked: "Vous avez bloqué ce contact*|Vous avez débloqué ce contact*",
    },
  },
  {
    language: "it",
    you: "Tu|tu|Ti|ti",
    lines: {
      encryption:
        "I messaggi e le chiamate sono crittografati end-to-end*|I messaggi e le chiamate di questa chat sono ora protetti con la crittografia end-to-end*|I messaggi inviati a questo gruppo sono ora protetti con la crittografia end-to-end*",
      "group-created": '{a} ha creato il gruppo "{b}"|Hai creato il gruppo "{b}"|{a} ha creato questo gruppo',
      added:
        "{a} ha aggiunto {b}|Hai aggiunto {b}|{a} ti ha aggiunto|{a} ti ha aggiunto/a|{a} è stato aggiunto",
      left: "{a} ha abbandonato|{a} ha abbandonato il gruppo|{a} è uscito|{a} è uscita",
      removed: "{a} ha rimosso {b}|Hai rimosso {b}",
      joined:
        "{a} si è unito usando il link di invito di questo gruppo|{a} è entrato usando il link d'invito di questo gruppo",
      admin: "Ora sei amministratore|Ora sei un amministratore|{a} ora è amministratore",
      renamed:
        '{a} ha cambiato l\'oggetto da "{b}" a "{c}"|{a} ha cambiato l\'oggetto in "{b}"|{a} ha cambiato il nome del gruppo da "{b}" a "{c}"|{a} ha cambiato il nome del gruppo in "{b}"',
      icon: "{a} ha cambiato l'immagine di questo gruppo|{a} ha cambiato l'immagine del gruppo|{a} ha modificato l'immagine del gruppo",
      description: "{a} ha cambiato la descrizione del gruppo|{a} ha modificato la descrizione del gruppo",
      timer: "{a} ha attivato i messaggi effimeri*|{a} ha disattivato i messaggi effimeri*",
      "security-code":
        "Il tuo codice di sicurezza con {a} è cambiato*|Il codice di sicurezza di {a} è cambiato*|Il codice di sicurezza con {a} è cambiato*",
      "number-changed":
        "{a} ha cambiato numero*|{a} ha cambiato il suo numero di telefono*|{a} è passato a {b}",
      call: "Chiamata vocale persa*|Videochiamata persa*|Chiamata persa*|Chiamata vocale*|Videochiamata*",
      blocked: "Hai bloccato questo contatto*|Hai sbloccato questo contatto*",
    },
  },
  {
    language: "nl",
    you: "Je|je|U|u|Jij",
    lines: {
      encryption:
        "Berichten en gesprekken worden end-to-end versleuteld*|Berichten en oproepen zijn end-to-end versleuteld*|Berichten en gesprekken zijn end-to-end versleuteld*|Berichten in deze chat en gesprekken zijn nu beveiligd met end-to-end versleuteling*",
      "group-created":
        '{a} heeft de groep "{b}" aangemaakt|{a} hebt de groep "{b}" aangemaakt|{a} heeft deze groep aangemaakt|{a} heeft groep "{b}" gemaakt',
      added: "{a} heeft {b} toegevoegd|{a} hebt {b} toegevoegd|{a} is toegevoegd|{a} bent toegevoegd",
      left: "{a} heeft de groep verlaten|{a} hebt de groep verlaten",
      removed: "{a} heeft {b} verwijderd|{a} hebt {b} verwijderd",
      admin: "{a} bent nu een beheerder|{a} bent nu beheerder|{a} is nu beheerder",
      renamed:
        '{a} heeft het onderwerp gewijzigd van "{b}" naar "{c}"|{a} heeft de groepsnaam gewijzigd van "{b}" naar "{c}"|{a} heeft de groepsnaam gewijzigd in "{b}"',
      icon: "{a} heeft de groepsafbeelding gewijzigd|{a} hebt de groepsafbeelding gewijzigd",
      description: "{a} heeft de groepsbeschrijving gewijzigd|{a} hebt de groepsbeschrijving gewijzigd",
      "security-code":
        "Je beveiligingscode voor {a} is gewijzigd*|Uw beveiligingscode voor {a} is gewijzigd*|Je beveiligingscode met {a} is gewijzigd*|De beveiligingscode van {a} is gewijzigd*",
      "number-changed": "{a} heeft een nieuw telefoonnummer*|{a} is veranderd naar {b}",
      call: "Gemiste spraakoproep*|Gemiste video-oproep*|Gemiste oproep*|Spraakoproep*|Video-oproep*",
    },
  },
];
