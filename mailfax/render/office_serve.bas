Option Explicit

' Runs in the LibreOffice that `office` starts ahead. Waits for one document, writes it as a PDF, says how it went, and ends.
' `folder` holds: ready (ours), go (theirs: path, password), out.pdf and status (ours).
Sub Serve(folder As String)
  Dim path As String, password As String
  Say folder & "/ready", "ready"
  Dim waited As Long
  Do While Not FileExists(folder & "/go")
    Wait 25
    waited = waited + 1
    If waited > 1000000 Or Not FileExists(folder) Then ' nobody comes any more
      StarDesktop.terminate()
      Exit Sub
    End If
  Loop
  Dim number As Integer
  number = FreeFile
  Open folder & "/go" For Input As #number
  Line Input #number, path
  If Not Eof(number) Then Line Input #number, password
  Close #number
  Say folder & "/status.new", Convert(ConvertToUrl(path), ConvertToUrl(folder & "/out.pdf"), password)
  Name folder & "/status.new" As folder & "/status"
  StarDesktop.terminate()
End Sub

Sub Say(path As String, text As String)
  Dim number As Integer
  number = FreeFile
  Open path For Output As #number
  Print #number, text
  Close #number
End Sub

' No macro of the document runs, no link in it is followed.
Function Convert(source As String, target As String, password As String) As String
  Dim document As Object, filter As String
  Dim how(4) As New com.sun.star.beans.PropertyValue
  Dim out(1) As New com.sun.star.beans.PropertyValue
  On Error Goto Failed
  how(0).Name = "Hidden"
  how(0).Value = True
  how(1).Name = "ReadOnly"
  how(1).Value = True
  how(2).Name = "MacroExecutionMode"
  how(2).Value = com.sun.star.document.MacroExecMode.NEVER_EXECUTE
  how(3).Name = "UpdateDocMode"
  how(3).Value = com.sun.star.document.UpdateDocMode.NO_UPDATE
  how(4).Name = "Password"
  how(4).Value = password
  document = StarDesktop.loadComponentFromURL(source, "_blank", 0, how())
  If IsNull(document) Then
    Convert = "unreadable"
    Exit Function
  End If
  If document.supportsService("com.sun.star.sheet.SpreadsheetDocument") Then
    filter = "calc_pdf_Export"
    FitToWidth document
  ElseIf document.supportsService("com.sun.star.presentation.PresentationDocument") Then
    filter = "impress_pdf_Export"
  ElseIf document.supportsService("com.sun.star.drawing.DrawingDocument") Then
    filter = "draw_pdf_Export"
  Else
    filter = "writer_pdf_Export"
  End If
  out(0).Name = "FilterName"
  out(0).Value = filter
  out(1).Name = "Overwrite"
  out(1).Value = True
  document.storeToURL(target, out())
  Convert = "done"
  Exit Function
Failed:
  Convert = "failed"
End Function

' A sheet is as wide as its page and as long as it has to be; a wide one lies on its side.
Sub FitToWidth(document As Object)
  Dim index As Long, sheet As Object, style As Object, cursor As Object, last As Object, width As Long
  For index = 0 To document.Sheets.Count - 1
    sheet = document.Sheets.getByIndex(index)
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    last = sheet.getCellByPosition(cursor.RangeAddress.EndColumn, cursor.RangeAddress.EndRow)
    width = last.Position.X + last.Size.Width
    style = document.StyleFamilies.getByName("PageStyles").getByName(sheet.PageStyle)
    If Not style.IsLandscape And width > 1.4 * style.Width Then
      Dim height As Long
      height = style.Height
      style.IsLandscape = True
      style.Height = style.Width
      style.Width = height
    End If
    style.ScaleToPagesX = 1
    style.ScaleToPagesY = 0
  Next
End Sub
