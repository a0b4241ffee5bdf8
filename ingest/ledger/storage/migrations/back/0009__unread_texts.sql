-- How much text was not read goes; extractions that are made anew would count it again.
DROP TABLE unread_texts;
